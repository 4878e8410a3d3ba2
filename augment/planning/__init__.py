"""What a run will take: estimated before it starts by beginning its work, and told while it goes on."""

"""What a user does with a finished run, one command a file; none is a stage."""

"""What a finished run made, written for other tools: image sets, and models that need nothing of this project."""

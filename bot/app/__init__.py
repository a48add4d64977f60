"""What is made of what, when it starts and stops, and the operator's settings."""

"""What people see: Discord, the web, and every text in every language."""

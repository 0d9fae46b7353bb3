"""The commands, by what they are for; cli.py puts them into one table."""

"""The Discord application: reads messages, scores them, tells moderators, acts."""

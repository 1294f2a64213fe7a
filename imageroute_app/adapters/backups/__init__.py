"""Backups on the disk: folders of files, and how they are sealed."""

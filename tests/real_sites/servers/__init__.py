"""What starts each server. Run by the Python the software is installed for; imports nothing of mekiki."""

"""The demo world: works drawn by this code, a small web on loopback that copies them, and what mekiki finds there."""

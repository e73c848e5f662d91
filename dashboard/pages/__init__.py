"""The pages of the console, one file a screen: each reads what it shows and answers one visit."""

"""Crawlers observe: they fetch pages and media, keep what was seen as evidence, and look again. They judge nothing."""

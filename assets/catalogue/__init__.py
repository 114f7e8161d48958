"""Catalogue: what a network has and sells, as it comes in.

Here: shows, episodes and files, by their feeds.
Not here: what is made of them.
"""

"""Catalogue: what a network has and sells, as it comes in.

Here: shows, episodes and files, by their feeds (feeds); these and what is sold, as files that people write.
Not here: what is made of them.
"""

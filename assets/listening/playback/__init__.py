"""Playback: how far episodes are played, as clients report it."""

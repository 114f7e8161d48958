"""Web: reading from addresses of the web that somebody else chose.

Here: requests that reach public machines only, and end in time.
Not here: what is read; mail (reports/delivery).
"""

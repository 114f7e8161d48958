"""Period: what campaigns did in any span of time, from the facts themselves: what reports are made of."""

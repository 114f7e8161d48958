"""Privacy: how long raw addresses are kept, and what replaces them."""

"""Commands about numbers: their rows, their SQL, whom they count, and how they are made."""

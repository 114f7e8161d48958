"""Problems: what a person is told of by itself: found here, told once, and once more when it is solved."""

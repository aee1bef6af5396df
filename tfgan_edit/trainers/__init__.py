"""Training steps of the papers, and the loop, states and strategies that run them."""

"""One file a system: the graph that ships. A new file is found by `serving.serving_graph`."""

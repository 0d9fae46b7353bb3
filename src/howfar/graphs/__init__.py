"""One's own model as a neutral graph: read from Keras and from files, written in every format that a runtime takes."""

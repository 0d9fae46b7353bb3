"""Where tasks run: a browser page or a native process. Each host fetches its task, measures, and posts the report."""

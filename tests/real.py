"""What the tests in real browsers share."""

from collections.abc import Callable

from howfar.outcomes import Outcome

# Measures one cell (framework, backend, model, workload, and by name: browser, flags, sampling).
Measure = Callable[..., Outcome]

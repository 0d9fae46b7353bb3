"""Where the extension was asked for and could not sample, in words."""

from collections import Counter

from howfar.outcomes import Results
from howfar.wholes import outcomes


def sentences(results: Results) -> list[str]:
    """One for each reason; none where all was sampled, or where there was no extension."""
    reasons = Counter(one.extension.unavailable for one in outcomes(results) if one.extension)
    return [
        f"Of {count} page{'s' if count > 1 else ''} the extension has no samples: {reason}."
        for reason, count in reasons.most_common()
        if reason
    ]

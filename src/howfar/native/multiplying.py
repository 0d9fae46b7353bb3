"""`python -m howfar.native.multiplying SIDE`: multiplies two matrices on one thread, `REPEATS` times for each line that
it reads, and answers each by one. Its first line says whose code OpenBLAS has taken, and how far its product is off."""

import sys

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from howfar.native.ceilings import matrices, product_error

# What a line and its answer take, some 0.1 ms, is a hundredth of so many products.
REPEATS = 4


def main() -> None:
    side = int(sys.argv[1])
    a, b = matrices(side)
    c = np.empty_like(a)
    with threadpool_limits(1):
        np.matmul(a, b, out=c)
        found = [pool["architecture"] for pool in threadpool_info() if pool["internal_api"] == "openblas"]
        print(found[0] if found else "none", product_error(side, c), flush=True)
        for _ in sys.stdin:
            for _ in range(REPEATS):
                np.matmul(a, b, out=c)
            print(flush=True)


if __name__ == "__main__":
    main()

"""How many links make an estate of so many resources: components grow, and the sizes of the benchmarks should not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.previews import estate_program, measure, previews, project
from bench.topologies import LINKS_A_CLOUD, estate


def links_for(sizes: Sequence[int], scratch: Path) -> dict[int, int]:
    """The number of links for each of `sizes` resources, found by previewing the smallest estates.

    The first two links bring an AWS site each, the third brings none.
    """
    roots = {str(links): project(scratch / f"links-{links}", estate(links), estate_program()) for links in (2, 4)}
    with previews(roots) as found:
        measure(1, list(found.values()))
        few, more = (len(preview.declared) for preview in found.values())
    a_link = (more - few) / 2
    a_cloud = few / 2 - a_link
    return {size: links(size, a_link, a_cloud) for size in sizes}


def links(resources: int, a_link: float, a_cloud: float) -> int:
    """How many links an estate of about `resources` resources has.

    :param resources: the size wanted
    :param a_link: resources of a link
    :param a_cloud: resources of an AWS site
    """
    return max(0, round((resources - a_cloud) / (a_link + a_cloud / LINKS_A_CLOUD)))

# SPDX-License-Identifier: GPL-2.0-or-later
"""The scalar basis of a moment tensor potential, from its definition.

A basis function is a multigraph without loops: its nodes are moments M(mu, nu) (radial function mu,
symmetric tensor of rank nu), its edges the pairs of indices that are summed over, so that nu is the
number of edges at the node. All graphs of at most four nodes whose levels 2 + 4 mu + nu sum to at
most a given level are in the basis, as in the stock levels of MLIP (Shapeev, Multiscale Model. Simul.
14 (2016) 1153; Novikov et al., Mach. Learn.: Sci. Technol. 2 (2021) 025002).

Graphs are turned into the lists of an .mtp file: components of basic moments, and products
m[a3] += factor m[a0] m[a1]. A graph is contracted in the order of nodes that needs the fewest new
products; equal sums of products are stored once.
"""

import itertools
import math
from collections import Counter


MOST_NODES = 4


def components(rank):
    """Exponents (p, q, s) of the components of a symmetric tensor."""
    return [(p, q, rank - p - q) for p in range(rank, -1, -1) for q in range(rank - p, -1, -1)]


def multiplicity(index):
    """How many orders of the indices make this component."""
    return math.factorial(sum(index)) // math.prod(math.factorial(k) for k in index)


def add(*indices):
    return tuple(map(sum, zip((0, 0, 0), *indices)))


def canonical(mus, edges):
    """A form that graphs share if they differ in the order of nodes only."""
    best = None
    for order in itertools.permutations(range(len(mus))):
        form = (tuple(mus[i] for i in order),
                tuple(edges[i][j] for i, j in itertools.combinations(order, 2)))
        if best is None or form > best:
            best = form
    return best


def matrix_of(form):
    """mus and the symmetric matrix of edge counts of a canonical form."""
    mus, counts = form
    edges = [[0] * len(mus) for _ in mus]
    for (i, j), count in zip(itertools.combinations(range(len(mus)), 2), counts):
        edges[i][j] = edges[j][i] = count
    return mus, edges


def level_of(form):
    mus, counts = form
    return sum(2 + 4 * mu for mu in mus) + 2 * sum(counts)


def is_connected(edges):
    reached, waiting = {0}, [0]
    while waiting:
        here = waiting.pop()
        for there, count in enumerate(edges[here]):
            if count and there not in reached:
                reached.add(there)
                waiting.append(there)
    return len(reached) == len(edges)


def connected_graphs(level):
    """Canonical forms of all connected graphs up to a level, lowest first."""
    found = set()
    nodes = 1
    while nodes <= MOST_NODES and 4 * nodes - 2 <= level:  # nodes of level 2, joined by nodes - 1 edges
        pairs = nodes * (nodes - 1) // 2
        for mus in itertools.combinations_with_replacement(range(level // 4 + 1), nodes):
            most = (level - sum(2 + 4 * mu for mu in mus)) // 2
            for counts in itertools.product(range(max(most, 0) + 1), repeat=pairs):
                form = (mus, counts)
                if sum(counts) <= most and level_of(form) <= level:
                    edges = matrix_of(form)[1]
                    if is_connected(edges):
                        found.add(canonical(mus, edges))
        nodes += 1
    return sorted(found, key=lambda form: (level_of(form), len(form[0]), form))


class Basis:
    """Lists of an .mtp file: basic, times, mapping; `graphs` says what each scalar is."""

    def __init__(self, level):
        self.level = level
        connected = connected_graphs(level)
        self.radial_count = 1 + max(max(mus) for mus, _ in connected)
        ranks = Counter()
        for form in connected:
            mus, edges = matrix_of(form)
            for mu, row in zip(mus, edges):
                ranks[mu] = max(ranks[mu], sum(row))
        self.basic = [(mu, *index) for mu in range(self.radial_count)
                      for nu in range(ranks[mu] + 1) for index in components(nu)]
        self.number = {basic: k for k, basic in enumerate(self.basic)}
        self.stored = {}  # terms of a moment -> its number
        self.times = []
        self.moment_count = len(self.basic)
        scalar = {(form,): self._contract(form) for form in connected}
        self._multiply(connected, scalar)
        self.graphs = sorted(scalar, key=lambda key: (sum(map(level_of, key)), len(key), key))
        self.mapping = [scalar[key] for key in self.graphs]

    # -- contraction of a connected graph

    def _node(self, form, node):
        """Tensor of one node: open indices, grouped by the neighbor they go to -> weight, moment."""
        mus, edges = matrix_of(form)
        others = [k for k, count in enumerate(edges[node]) if count]
        tensor = {}
        for groups in itertools.product(*(components(edges[node][k]) for k in others)):
            weight = math.prod(map(multiplicity, groups))
            tensor[groups] = weight, self.number[(mus[node], *add(*groups))]
        return others, tensor

    def _store(self, new, terms):
        """Number of the moment that is this sum of products; if need be it joins the new ones."""
        key = tuple(sorted(terms.items()))
        if key in self.stored:
            return self.stored[key]
        return new.setdefault(key, self.moment_count + len(new))

    def _orders(self, nodes, edges):
        """Ways to split a set of nodes in two parts that can be contracted with each other: one of
        them a single node, or every bundle between them a single edge without common ends."""
        nodes = sorted(nodes)
        for size in range(1, len(nodes) // 2 + 1):
            for part in itertools.combinations(nodes, size):
                rest = [k for k in nodes if k not in part]
                between = [(i, j) for i in part for j in rest if edges[i][j]]
                ends = Counter(end for pair in between for end in pair)
                simple = all(edges[i][j] == 1 for i, j in between) and max(ends.values(), default=2) == 1
                if between and (size == 1 or simple):
                    yield tuple(rest), part

    def _trees(self, form, nodes):
        """All ways to contract a set of nodes, as nested pairs."""
        if len(nodes) == 1:
            yield nodes[0]
            return
        edges = matrix_of(form)[1]
        for left, right in self._orders(nodes, edges):
            for a in self._trees(form, left):
                for b in self._trees(form, right):
                    yield a, b

    def _evaluate(self, form, tree, new):
        """Nodes, groups and tensor of a (partly) contracted graph."""
        if isinstance(tree, int):
            others, tensor = self._node(form, tree)
            return {tree}, others, tensor
        nodes_a, others_a, a = self._evaluate(form, tree[0], new)
        nodes_b, others_b, b = self._evaluate(form, tree[1], new)
        nodes = nodes_a | nodes_b
        others = sorted((set(others_a) | set(others_b)) - nodes)
        edges = matrix_of(form)[1]
        sums = {}
        for groups_a, (weight_a, moment_a) in a.items():
            of_a = dict(zip(others_a, groups_a))
            for groups_b, (weight_b, moment_b) in b.items():
                of_b = dict(zip(others_b, groups_b))
                weight = self._weight_if_equal(of_a, of_b, nodes_a, nodes_b, edges)
                if not weight:
                    continue
                key = tuple(add(*(of[k] for of in (of_a, of_b) if k in of)) for k in others)
                pair = min(moment_a, moment_b), max(moment_a, moment_b)
                terms = sums.setdefault(key, Counter())
                terms[pair] += weight_a * weight_b / weight
        tensor = {}
        for key, terms in sums.items():
            whole = {pair: round(factor) for pair, factor in terms.items()}
            assert all(abs(whole[pair] - terms[pair]) < 1e-9 for pair in terms)
            tensor[key] = 1, self._store(new, whole)
        return nodes, others, tensor

    @staticmethod
    def _weight_if_equal(of_a, of_b, nodes_a, nodes_b, edges):
        """The orders of the summed indices, counted on both sides, if the sides agree; else 0."""
        into_b = add(*(of_a[k] for k in nodes_b if k in of_a))
        into_a = add(*(of_b[k] for k in nodes_a if k in of_b))
        if len(nodes_a) > 1 and len(nodes_b) > 1:  # single edges: compare one by one
            pairs = ((i, j) for i in nodes_a for j in nodes_b if edges[i][j])
            return int(all(of_a[j] == of_b[i] for i, j in pairs))
        if len(nodes_b) > 1:
            of_a, of_b, nodes_a, nodes_b = of_b, of_a, nodes_b, nodes_a
            into_a, into_b = into_b, into_a
        if into_a != into_b:
            return 0
        # The tensor of a counts all orders of the indices that go to b, whichever node of a they come
        # from, and so do those groups of b together.
        return multiplicity(into_a)

    def _contract(self, form):
        """Stores the products of a graph, in its cheapest order; returns the scalar's number."""
        best = None
        for tree in self._trees(form, tuple(range(len(form[0])))):
            new = {}
            _, _, tensor = self._evaluate(form, tree, new)
            cost = sum(map(len, new))
            if best is None or cost < best[0]:
                best = cost, new, tensor[()][1]
        _, new, scalar = best
        for terms, number in new.items():
            self.times += [(*pair, factor, number) for pair, factor in terms]
        self.stored.update(new)
        self.moment_count += len(new)
        return scalar

    # -- products of connected graphs

    def _multiply(self, connected, scalar):
        """Adds all products of connected graphs up to the level."""
        def extend(key, first, level):
            for k in range(first, len(connected)):
                total = level + level_of(connected[k])
                longer = key + (connected[k],)
                if total > self.level or sum(len(form[0]) for form in longer) > MOST_NODES:
                    continue
                if key:
                    number = self.moment_count
                    self.moment_count += 1
                    self.times.append((scalar[key], scalar[(connected[k],)], 1, number))
                    scalar[longer] = number
                extend(longer, k, total)

        extend((), 0, 0)


if __name__ == "__main__":
    for stock in range(2, 21, 2):
        basis = Basis(stock)
        print(f"level {stock}: {len(basis.basic)} basic moments, {len(basis.times)} products, "
              f"{len(basis.mapping)} scalars")

"""Steps EPA SWMM minute by minute: a line of JSON in ({"take": {node: m3/s}, "off": [node]}), a line of
JSON out ({node: depth in m}), until the input or the simulation ends."""
import json
import sys

from pyswmm import Links, Nodes, Simulation

# Of the protocol alone: what the engine prints goes to standard error.
out = sys.stdout
sys.stdout = sys.stderr

with Simulation(sys.argv[1]) as simulation:
    simulation.step_advance(60)
    nodes = {node.nodeid: node for node in Nodes(simulation) if node.is_storage()}
    pumps = {}
    for link in Links(simulation):
        if link.is_pump() or link.is_outlet():
            pumps.setdefault(link.inlet_node, []).append(link)
    steps = iter(simulation)
    taking, stopped = set(), set()
    for line in sys.stdin:
        wish = json.loads(line)
        for name in taking - wish["take"].keys():
            nodes[name].generated_inflow(0.0)
        for name, rate in wish["take"].items():
            node = nodes[name]
            # No pump takes more than is there and comes.
            there = node.volume / 60.0 + node.lateral_inflow + (rate if name in taking else 0.0)
            node.generated_inflow(-max(0.0, min(rate, there)))
        taking = set(wish["take"])
        off = {name for name in wish["off"] if name in pumps}
        for name in off - stopped:
            for link in pumps[name]:
                link.target_setting = 0.0
        for name in stopped - off:
            for link in pumps[name]:
                link.target_setting = 1.0
        stopped = off
        try:
            next(steps)
        except StopIteration:
            break
        for name in off:
            for link in pumps[name]:
                link.target_setting = 0.0
        print(json.dumps({name: node.depth for name, node in nodes.items()}), file=out, flush=True)

"""Counts the events of a file that the rule matches, with Endgame's EQL library."""

import json
import sys

import eql

RULE = """
process where container.id != null and event.type == "start" and process.name : (
  "dockerd", "docker", "kubelet", "kube-proxy", "kubectl", "containerd", "runc", "systemd", "crictl")
"""

found = 0


def count(_):
    """Called with each result."""
    global found
    found += 1


with eql.parser.elasticsearch_syntax:
    query = eql.parse_query(RULE)
engine = eql.PythonEngine()
engine.add_query(query)
engine.add_output_hook(count)
with open(sys.argv[1], encoding="utf-8") as events:
    for line in events:
        event = json.loads(line)
        # The library knows neither arrays nor their "any value" meaning.
        types = event["event"]["type"]
        event["event"]["type"] = "start" if "start" in types else types[0]
        engine.stream_event(eql.Event("process", 0, event))
engine.finalize()
print(found)

import { expect, it } from "vitest";
import { MetricRegistry } from "./prometheus.js";

it("prints counters, gauges and histograms in Prometheus' text format", () => {
  const registry = new MetricRegistry();
  const counter = registry.counter("a_total", "Things.");
  counter.add({ reason: 'a "b"\\\n' });
  counter.add({ reason: 'a "b"\\\n' }, 2);
  registry.gauge("depth", "Now.", () => [{ labels: { model: "m" }, value: 3 }]);
  const histogram = registry.histogram("seconds", "Time.", [0.1, 1]);
  histogram.observe(0.05);
  histogram.observe(0.5);
  histogram.observe(5);
  expect(registry.text()).toBe(`# HELP a_total Things.
# TYPE a_total counter
a_total{reason="a \\"b\\"\\\\\\n"} 3
# HELP depth Now.
# TYPE depth gauge
depth{model="m"} 3
# HELP seconds Time.
# TYPE seconds histogram
seconds_bucket{le="0.1"} 1
seconds_bucket{le="1"} 2
seconds_bucket{le="+Inf"} 3
seconds_sum 5.55
seconds_count 3
`);
});

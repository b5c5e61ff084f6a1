/** Names and values that tell one series of a metric from another. */
export type MetricLabels = Readonly<Record<string, string>>;

/** A metric in Prometheus' text format. */
interface Metric {
  lines(): string[];
}

/** Metrics by name, printed in Prometheus' text format, version 0.0.4. */
export class MetricRegistry {
  private readonly metrics: { name: string; help: string; type: string; metric: Metric }[] = [];

  counter(name: string, help: string): Counter {
    return this.register(name, help, "counter", new Counter(name));
  }

  /** @param read gives the value, and what tells its series apart, when it is asked for */
  gauge(name: string, help: string, read: () => readonly { labels?: MetricLabels; value: number }[]): void {
    this.register(name, help, "gauge", {
      lines: () => read().map(({ labels = {}, value }) => line(name, labels, value)),
    });
  }

  /** @param bounds upper bounds of the buckets, growing */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    return this.register(name, help, "histogram", new Histogram(name, bounds));
  }

  text(): string {
    const parts = this.metrics.map(({ name, help, type, metric }) =>
      [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...metric.lines()].join("\n"),
    );
    return `${parts.join("\n")}\n`;
  }

  private register<Kind extends Metric>(name: string, help: string, type: string, metric: Kind): Kind {
    this.metrics.push({ name, help, type, metric });
    return metric;
  }
}

/** Only grows. */
export class Counter implements Metric {
  private readonly series = new Map<string, { labels: MetricLabels; value: number }>();

  constructor(private readonly name: string) {}

  add(labels: MetricLabels = {}, amount = 1): void {
    const key = JSON.stringify(labels);
    const entry = this.series.get(key) ?? { labels, value: 0 };
    entry.value += amount;
    this.series.set(key, entry);
  }

  lines(): string[] {
    return [...this.series.values()].map(({ labels, value }) => line(this.name, labels, value));
  }
}

/** How often values fell below each of some bounds. */
export class Histogram implements Metric {
  private readonly series = new Map<string, { labels: MetricLabels; counts: number[]; sum: number; count: number }>();

  constructor(
    private readonly name: string,
    private readonly bounds: readonly number[],
  ) {}

  observe(value: number, labels: MetricLabels = {}): void {
    const key = JSON.stringify(labels);
    const entry = this.series.get(key) ?? { labels, counts: this.bounds.map(() => 0), sum: 0, count: 0 };
    for (const [i, bound] of this.bounds.entries()) if (value <= bound) entry.counts[i]!++;
    entry.sum += value;
    entry.count++;
    this.series.set(key, entry);
  }

  lines(): string[] {
    return [...this.series.values()].flatMap(({ labels, counts, sum, count }) => [
      ...this.bounds.map((bound, i) => line(`${this.name}_bucket`, { ...labels, le: String(bound) }, counts[i]!)),
      line(`${this.name}_bucket`, { ...labels, le: "+Inf" }, count),
      line(`${this.name}_sum`, labels, sum),
      line(`${this.name}_count`, labels, count),
    ]);
  }
}

function line(name: string, labels: MetricLabels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}`;
}

function escapeLabel(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/"/g, '\\"');
}

// Figures of a server in Prometheus' text format, version 0.0.4.

/** A figure that only grows, by its labels. */
export interface Counter {
  add(amount: number, labels?: Readonly<Record<string, string | number>>): void;
}

/** How often values were at most so large. */
export interface Histogram {
  observe(value: number): void;
}

/** The figures of a server. */
export interface Metrics {
  counter(name: string, help: string): Counter;
  histogram(name: string, help: string, bounds: readonly number[]): Histogram;
  /** A figure that is read when it is asked for. */
  gauge(name: string, help: string, read: () => number): void;
  /** All figures, as `/metrics` gives them. */
  text(): string;
}

const escaped = (value: string) => value.replace(/[\\"\n]/g, (one) => (one === "\n" ? "\\n" : `\\${one}`));

const labelled = (labels: Readonly<Record<string, string | number>>): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
};

/** No figures yet. */
export function createMetrics(): Metrics {
  const families: (() => string[])[] = [];
  const head = (name: string, help: string, type: string) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
  return {
    counter(name, help) {
      const values = new Map<string, number>();
      families.push(() => [
        ...head(name, help, "counter"),
        ...(values.size > 0 ? [...values].map(([labels, value]) => `${name}${labels} ${value}`) : [`${name} 0`]),
      ]);
      return {
        add(amount, labels = {}) {
          const key = labelled(labels);
          values.set(key, (values.get(key) ?? 0) + amount);
        },
      };
    },
    histogram(name, help, bounds) {
      const counts = new Array<number>(bounds.length).fill(0);
      let count = 0;
      let sum = 0;
      families.push(() => [
        ...head(name, help, "histogram"),
        ...bounds.map((bound, i) => `${name}_bucket${labelled({ le: bound })} ${counts[i]}`),
        `${name}_bucket{le="+Inf"} ${count}`,
        `${name}_sum ${sum}`,
        `${name}_count ${count}`,
      ]);
      return {
        observe(value) {
          count++;
          sum += value;
          for (const [i, bound] of bounds.entries()) if (value <= bound) counts[i] = (counts[i] ?? 0) + 1;
        },
      };
    },
    gauge(name, help, read) {
      families.push(() => [...head(name, help, "gauge"), `${name} ${read()}`]);
    },
    text: () => `${families.flatMap((family) => family()).join("\n")}\n`,
  };
}

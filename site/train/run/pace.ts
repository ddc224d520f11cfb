/** Steps taken together. */
export interface Taken {
  readonly steps: number;
  readonly milliseconds: number;
}

/** Reports over which a speed is averaged: about two seconds. */
const most = 20;

/** How fast a model trains on this device: without its first steps, in which kernels are compiled. */
export interface Pace {
  /** A model was made: its next steps compile. */
  readonly begin: () => void;
  /** Forgets the steps so far, after a rest. */
  readonly rest: () => void;
  /** Takes a report; returns the steps per second, undefined while unknown. */
  readonly take: (taken: Taken) => number | undefined;
}

export function paceOfSteps(): Pace {
  let isCompiling = true;
  let recent: readonly Taken[] = [];
  const sum = (of: keyof Taken) => recent.reduce((total, one) => total + one[of], 0);
  return {
    begin: () => {
      [isCompiling, recent] = [true, []];
    },
    rest: () => {
      recent = [];
    },
    take: (taken) => {
      if (!isCompiling) recent = [...recent, taken].slice(-most);
      isCompiling = false;
      return recent.length > 0 ? (1000 * sum("steps")) / sum("milliseconds") : undefined;
    },
  };
}

/** A place among the requests that are computed or wait, or in memory, until it is given back. */
export interface Place {
  [Symbol.dispose](): void;
}

/** A number of things of which at most so many may be held at once. */
export interface Admission {
  /** How much is held now. */
  readonly held: number;
  /** Takes some, or gives undefined where too little is left. */
  enter(amount?: number): Place | undefined;
}

/** An admission of at most `most`. */
export function createAdmission(most: number): Admission {
  let held = 0;
  return {
    get held() {
      return held;
    },
    enter(amount = 1) {
      if (held + amount > most) return undefined;
      held += amount;
      let kept = amount;
      return {
        [Symbol.dispose]: () => {
          held -= kept;
          kept = 0;
        },
      };
    },
  };
}

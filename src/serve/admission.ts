/** A reservation among running or waiting requests, or of memory, until released. */
interface Place {
  [Symbol.dispose](): void;
}

/** A limited resource. */
export interface Admission {
  /** The amount in use. */
  readonly held: number;
  /** Reserves some, or returns undefined if too little is left. */
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

// A checked program: what a text means, with every name resolved, every type known, every constant computed, every
// implicit conversion written out. The checker makes it, the interpreter runs it.
import type { Span } from "../tree.ts";
import type { Space, Type } from "./types.ts";

/** The scalars of a value in order; booleans are 0 and 1. */
export type Constant = readonly number[];

/** A variable, a parameter or a `let`. */
export interface Variable {
  readonly name: string;
  readonly type: Type;
  /** Undefined for what has no memory of its own: a `let` or a parameter, which is assigned once. */
  readonly space: Space | undefined;
  readonly writable: boolean;
  /** `@group` and `@binding` of a resource. */
  readonly binding: { readonly group: number; readonly binding: number } | undefined;
  /** The initial value of a private variable. */
  readonly initial: Constant | undefined;
  readonly span: Span;
}

/** A step from a place in memory to one inside of it. */
type Step =
  /** A member of a struct, a column or component whose number is known. */
  | { readonly kind: "inside"; readonly type: Type; readonly offset: number; readonly slot: number }
  /** An element. `count` is undefined for a runtime-sized array, whose length is that of the buffer. */
  | {
      readonly kind: "element";
      readonly type: Type;
      readonly index: Expression;
      readonly count: number | undefined;
      readonly stride: number;
    };

/** A place in memory: a variable, or what a pointer points to, and steps into it. */
export interface Reference {
  /** A variable with a space, or a parameter that is a pointer. */
  readonly root: Variable;
  readonly steps: readonly Step[];
  readonly type: Type;
  readonly space: Space;
  readonly writable: boolean;
  /** Set for a component of a vector: a store to it may access the whole vector (WGSL, section 14.3). */
  readonly vector: boolean;
  readonly span: Span;
}

/** An expression whose type is known. Operands have the types that the operation takes. */
export type Expression = {
  readonly type: Type;
  readonly span: Span;
} /** `exact` has all digits of abstract integers, where doubles lack some. */ & (
  | { readonly kind: "constant"; readonly value: Constant; readonly exact?: readonly bigint[] }
  /** The value of a `let` or of a parameter. */
  | { readonly kind: "value"; readonly variable: Variable }
  | { readonly kind: "load"; readonly from: Reference }
  /** `-`, `!`, `~`, and binary operators. Both operands have the type's width, but for `*` of matrices. */
  | { readonly kind: "operator"; readonly sign: string; readonly operands: readonly Expression[] }
  | { readonly kind: "logic"; readonly sign: "&&" | "||"; readonly left: Expression; readonly right: Expression }
  /** To other scalars of the same shape, by value. */
  | { readonly kind: "convert"; readonly value: Expression }
  /** A value of the scalars of its parts, in order. */
  | { readonly kind: "compose"; readonly parts: readonly Expression[] }
  /** Scalars of a value, by their numbers: a member, a swizzle, an element at a constant index. */
  | { readonly kind: "pick"; readonly value: Expression; readonly slots: readonly number[] }
  /** An element of a value: a vector, a matrix, an array. */
  | { readonly kind: "element"; readonly value: Expression; readonly index: Expression; readonly count: number }
  | { readonly kind: "builtin"; readonly name: string; readonly values: readonly Expression[] }
  /** A builtin function that takes a pointer: an atomic one, `arrayLength`, `workgroupUniformLoad`. */
  | {
      readonly kind: "memory";
      readonly name: string;
      readonly at: Reference;
      readonly values: readonly Expression[];
    }
  | { readonly kind: "address"; readonly of: Reference }
  | { readonly kind: "call"; readonly callee: UserFunction; readonly values: readonly Expression[] }
);

export type Statement = {
  readonly span: Span;
} /** A value for a `let`, or the initial one of a `var`, which is zero without an expression. */ & (
  | { readonly kind: "declare"; readonly variable: Variable; readonly value: Expression | undefined }
  | { readonly kind: "store"; readonly to: Reference; readonly value: Expression }
  /** `to sign= value`; the reference is evaluated once, the load comes before the value. */
  | { readonly kind: "update"; readonly to: Reference; readonly sign: string; readonly value: Expression }
  /** An expression for what it does. */
  | { readonly kind: "evaluate"; readonly value: Expression }
  | { readonly kind: "barrier"; readonly of: "workgroup" | "storage" | "texture" }
  | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  /** Every loop. `until` is the condition of `break if`; `continuing` follows each turn. */
  | {
      readonly kind: "loop";
      readonly body: readonly Statement[];
      readonly continuing: readonly Statement[];
      readonly until: Expression | undefined;
    }
  | {
      readonly kind: "switch";
      readonly value: Expression;
      readonly cases: readonly {
        /** Undefined stands for `default`. */
        readonly values: readonly (number | undefined)[];
        readonly body: readonly Statement[];
      }[];
    }
  | { readonly kind: "break" | "continue" }
  | { readonly kind: "return"; readonly value: Expression | undefined }
  /** `print(…)`, which the interpreter adds to WGSL. */
  | { readonly kind: "print"; readonly values: readonly Expression[] }
);

/** A function. A text that calls it with pointers to two places has two of them, one for each. */
export interface UserFunction {
  readonly name: string;
  readonly parameters: readonly Variable[];
  readonly result: Type | undefined;
  readonly body: readonly Statement[];
  /** Variables of the module that it uses, itself or by what it calls. */
  readonly uses: ReadonlySet<Variable>;
  /** Its name. */
  readonly span: Span;
  /** The bracket that closes its body. */
  readonly close: Span;
}

/** A builtin value of an entry point, such as `global_invocation_id`. */
export interface Input {
  readonly builtin: string;
  readonly type: Type;
}

/** A parameter of an entry point: a builtin value, or a struct of them. */
export interface EntryParameter {
  readonly variable: Variable;
  readonly inputs: readonly Input[];
}

export interface EntryPoint {
  readonly name: string;
  readonly function: UserFunction;
  readonly parameters: readonly EntryParameter[];
  readonly workgroupSize: readonly [number, number, number];
}

/** What an expression may name at a place of a text. */
export interface Scope {
  /** Variables, the innermost first, then those of the module. */
  readonly variables: readonly Variable[];
  /**
   * The value that an expression has there, such as that of a debugger's watch. Throws `WgslError`, at a character of the
   * expression, for one that is wrong, that stores, or that calls a function of the text.
   */
  readonly valueOfText: (text: string) => Expression;
}

/** A checked text. */
export interface Program {
  readonly entryPoints: ReadonlyMap<string, EntryPoint>;
  /** Extensions that `enable` names. */
  readonly features: ReadonlySet<string>;
  /** Buffers that it declares, whether an entry point uses them or not. */
  readonly resources: readonly Variable[];
  /** The severity that the text gives to a rule of `diagnostic` at a place; undefined where it says nothing. */
  readonly severityAt: (rule: string, at: number) => string | undefined;
  /** The scope at a place, in characters from the start of the text. */
  readonly scopeAt: (at: number) => Scope;
}

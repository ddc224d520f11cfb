// The syntax tree of a WGSL text. Every node says where it stands: characters from the start of the text.

/** From the first character to the one after the last. */
export interface Span {
  readonly at: number;
  readonly end: number;
}

/** A name that is declared, a member or an attribute: not one that is looked up. */
export interface Label extends Span {
  readonly name: string;
}

interface Literal extends Span {
  readonly kind: "literal";
  readonly text: string;
}

/** A name that is looked up, with the arguments of its template list: a type, a variable, a function. */
export interface Name extends Span {
  readonly kind: "name";
  readonly name: string;
  readonly template: readonly Expression[];
}

/** A call of a function, or a value constructor. */
export interface Call extends Span {
  readonly kind: "call";
  readonly callee: Name;
  readonly values: readonly Expression[];
}

interface Index extends Span {
  readonly kind: "index";
  readonly base: Expression;
  readonly index: Expression;
}

/** A member of a struct, or components of a vector. */
interface Member extends Span {
  readonly kind: "member";
  readonly base: Expression;
  readonly member: Label;
}

interface Unary extends Span {
  readonly kind: "unary";
  readonly sign: string;
  readonly operand: Expression;
}

export interface Binary extends Span {
  readonly kind: "binary";
  readonly sign: string;
  readonly left: Expression;
  readonly right: Expression;
}

/** Parentheses leave no node. A type is a `Name`. */
export type Expression = Literal | Name | Call | Index | Member | Unary | Binary;

/** `@name(values)`; `values` is undefined without parentheses, and empty where they hold no expressions. */
export interface Attribute extends Span {
  readonly name: string;
  readonly values: readonly Expression[] | undefined;
}

/** `const`, `let`, `override`, `var`, in a function or in the module. */
export interface Variable extends Span {
  readonly kind: "variable";
  readonly keyword: "const" | "let" | "override" | "var";
  readonly attributes: readonly Attribute[];
  /** `storage, read` of a `var`. */
  readonly template: readonly Expression[];
  readonly label: Label;
  readonly type: Name | undefined;
  readonly value: Expression | undefined;
}

export interface Assertion extends Span {
  readonly kind: "assertion";
  readonly condition: Expression;
}

export interface Block extends Span {
  readonly kind: "block";
  readonly attributes: readonly Attribute[];
  readonly statements: readonly Statement[];
}

export interface If extends Span {
  readonly kind: "if";
  readonly branches: readonly { readonly condition: Expression; readonly body: Block }[];
  readonly otherwise: Block | undefined;
}

export interface For extends Span {
  readonly kind: "for";
  readonly start: Statement | undefined;
  readonly condition: Expression | undefined;
  readonly update: Statement | undefined;
  readonly body: Block;
}

interface While extends Span {
  readonly kind: "while";
  readonly condition: Expression;
  readonly body: Block;
}

export interface Loop extends Span {
  readonly kind: "loop";
  readonly body: Block;
  readonly continuing: Block | undefined;
  /** The condition of `break if`, which ends `continuing`. */
  readonly until: Expression | undefined;
}

export interface Switch extends Span {
  readonly kind: "switch";
  readonly value: Expression;
  /** An undefined value stands for `default`. */
  readonly cases: readonly { readonly values: readonly (Expression | undefined)[]; readonly body: Block }[];
}

interface Jump extends Span {
  readonly kind: "break" | "continue" | "discard";
}

interface Return extends Span {
  readonly kind: "return";
  readonly value: Expression | undefined;
}

/** `target = value` with any assignment sign; `++` and `--` have no value, `_ =` no target. */
export interface Assignment extends Span {
  readonly kind: "assignment";
  readonly target: Expression | undefined;
  readonly sign: string;
  readonly value: Expression | undefined;
}

interface CallStatement extends Span {
  readonly kind: "call-statement";
  readonly call: Call;
}

export type Statement =
  | Variable
  | Assertion
  | Block
  | If
  | For
  | While
  | Loop
  | Switch
  | Jump
  | Return
  | Assignment
  | CallStatement;

/** A parameter of a function, or a member of a struct. */
export interface Field extends Span {
  readonly kind: "field";
  readonly attributes: readonly Attribute[];
  readonly label: Label;
  readonly type: Name;
}

export interface FunctionDeclaration extends Span {
  readonly kind: "function";
  readonly attributes: readonly Attribute[];
  readonly label: Label;
  readonly parameters: readonly Field[];
  readonly resultAttributes: readonly Attribute[];
  readonly result: Name | undefined;
  readonly body: Block;
}

export interface Struct extends Span {
  readonly kind: "struct";
  readonly label: Label;
  readonly members: readonly Field[];
  /** The text between its braces. */
  readonly inside: Span;
}

export interface Alias extends Span {
  readonly kind: "alias";
  readonly label: Label;
  readonly type: Name;
}

export type Declaration = FunctionDeclaration | Struct | Alias | Variable | Assertion;

/** `enable`, `requires` or `diagnostic`. */
export interface Directive extends Span {
  readonly keyword: string;
}

/** A whole text. */
export interface Module {
  readonly directives: readonly Directive[];
  readonly declarations: readonly Declaration[];
}

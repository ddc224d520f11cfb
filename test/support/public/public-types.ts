// What the published types say that functions can be called with: TypeScript's checker over the entries of the package.
import { resolve } from "node:path";
import {
  API,
  type Checker,
  type IntersectionType,
  type Symbol as Named,
  type Project,
  SignatureKind,
  SymbolFlags,
  type Type,
  TypeFlags,
  type TypeReference,
  type UnionType,
} from "typescript/unstable/sync";

/** What a value may be, apart from objects of which the fields are known. */
export type Kind = "number" | "string" | "boolean" | "null" | "function" | "list" | "record" | "instance" | "anything";

/** A type, as far as a caller's mistakes are concerned. */
export interface Described {
  readonly kinds: ReadonlySet<Kind>;
  /** The texts that it may be, where it is not any text. */
  readonly texts: readonly string[];
  /** The objects of known fields that it may be. */
  readonly objects: readonly ObjectType[];
  /** The type of the entries of a list. */
  readonly entry?: Described;
  /** The names of the instances that it may be. */
  readonly instances: readonly string[];
}

/** An object of known fields. */
export interface ObjectType {
  /** Its name, where it has one. */
  readonly name: string;
  /** The text of its `kind`, or of its `name`, where that is fixed. */
  readonly tag?: string;
  /** Which of them. */
  readonly tagName?: string;
  readonly fields: ReadonlyMap<string, Field>;
}

export interface Field {
  readonly optional: boolean;
  /** Described when it is read: types may contain themselves. */
  readonly type: Described;
}

/** A function of the package, or a method of what its functions return. */
export interface PublicFunction {
  readonly name: string;
  /** Each signature's parameters. */
  readonly signatures: readonly (readonly { readonly name: string; readonly type: Described }[])[];
}

/** Classes and interfaces of what the package's functions return and take back, by name: these are no options. */
export interface Surface {
  readonly functions: readonly PublicFunction[];
  /** Exports that are neither functions nor classes. */
  readonly values: readonly string[];
}

/** Reads the exports of an entry. `methodsOf` are the types whose methods are read, too; `instances` are no options. */
export function readSurface(
  entries: Readonly<Record<string, string>>,
  methodsOf: readonly string[],
  instances: ReadonlySet<string>,
): Surface {
  const api = new API({ cwd: resolve(".") });
  try {
    const config = resolve("tsconfig.build.json");
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    if (!project) throw new Error(`TypeScript opens no project for ${config}`);
    const reader = new Reader(project, instances);
    const functions: PublicFunction[] = [];
    const values: string[] = [];
    for (const [prefix, file] of Object.entries(entries)) {
      const source = project.program.getSourceFile(resolve(file));
      const module = source && project.checker.getSymbolAtLocation(source);
      if (!module) throw new Error(`${file} is no module`);
      for (const exported of project.checker.getExportsOfModule(module)) {
        const name = `${prefix}${exported.name}`;
        const symbol = reader.original(exported);
        if (methodsOf.includes(name)) functions.push(...reader.methods(name, symbol));
        if (!(symbol.flags & SymbolFlags.Value) || symbol.flags & SymbolFlags.Class) continue;
        const found = reader.signatures(project.checker.getTypeOfSymbol(symbol));
        if (found.length > 0) functions.push({ name, signatures: found });
        else values.push(name);
      }
    }
    // Everything is described before the compiler is closed.
    for (const { signatures } of functions) for (const { type } of signatures.flat()) touch(type, new Set());
    return { functions, values };
  } finally {
    api.close();
  }
}

function touch(type: Described, seen: Set<Described>): void {
  if (seen.has(type)) return;
  seen.add(type);
  if (type.entry) touch(type.entry, seen);
  for (const { fields } of type.objects) for (const field of fields.values()) touch(field.type, seen);
}

/** Types of TypeScript's library that are made of the fields of others. */
const mapped = new Set(["Omit", "Partial", "Pick", "Readonly", "Record", "Required"]);

class Reader {
  readonly #checker: Checker;
  readonly #instances: ReadonlySet<string>;
  readonly #known = new Map<number, Described>();

  constructor({ checker }: Project, instances: ReadonlySet<string>) {
    this.#checker = checker;
    this.#instances = instances;
  }

  original(symbol: Named): Named {
    return symbol.flags & SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  /** The methods of a class or an interface. */
  methods(name: string, symbol: Named): PublicFunction[] {
    const properties = this.#checker.getPropertiesOfType(this.#checker.getDeclaredTypeOfSymbol(symbol));
    return properties.flatMap((property) => {
      if (property.name.startsWith("__")) return []; // symbols, such as those of iterators
      const signatures = this.signatures(this.#checker.getTypeOfSymbol(property));
      return signatures.length > 0 ? [{ name: `${name}.${property.name}`, signatures }] : [];
    });
  }

  signatures(type: Type | undefined): PublicFunction["signatures"] {
    if (!type) return [];
    return this.#checker.getSignaturesOfType(type, SignatureKind.Call).map((signature) =>
      signature.getParameters().map((parameter, i, all) => {
        const own = this.#checker.getTypeOfSymbol(parameter) as Type;
        // An op's options are a rest parameter of at most one element; of others each argument is an entry.
        const isRest = signature.hasRestParameter && i === all.length - 1;
        const [only] =
          isRest || this.#checker.isTupleType(own) ? this.#checker.getTypeArguments(own as TypeReference) : [];
        return { name: parameter.name, type: this.describe(only ?? own) };
      }),
    );
  }

  describe(type: Type): Described {
    const known = this.#known.get(type.id);
    if (known) return known;
    const kinds = new Set<Kind>();
    const texts: string[] = [];
    const objects: ObjectType[] = [];
    const described: { -readonly [K in keyof Described]: Described[K] } = { kinds, texts, objects, instances: [] };
    this.#known.set(type.id, described);
    const add = (member: Type): void => {
      const { flags } = member;
      if (flags & TypeFlags.Union) for (const one of (member as UnionType).getTypes()) add(one);
      else if (flags & TypeFlags.AnyOrUnknown) kinds.add("anything");
      else if (flags & TypeFlags.Instantiable && !(flags & TypeFlags.StringLike)) {
        const constraint = this.#checker.getBaseConstraintOfType(member);
        if (constraint) add(constraint);
        else kinds.add("anything");
      } else if (flags & TypeFlags.StringLiteral) texts.push(String((member as Type & { value: string }).value));
      else if (flags & TypeFlags.StringLike) kinds.add("string");
      else if (flags & TypeFlags.NumberLike) kinds.add("number");
      else if (flags & TypeFlags.BooleanLike) kinds.add("boolean");
      else if (flags & TypeFlags.Null) kinds.add("null");
      else if (flags & TypeFlags.NonPrimitive) kinds.add("record");
      else if (flags & (TypeFlags.Object | TypeFlags.Intersection)) this.#addObject(member, described);
    };
    add(type);
    return described;
  }

  #addObject(type: Type, described: { -readonly [K in keyof Described]: Described[K] }): void {
    const kinds = described.kinds as Set<Kind>;
    const checker = this.#checker;
    if (checker.isArrayLikeType(type)) {
      kinds.add("list");
      const [entry] = checker.getTypeArguments(type as TypeReference);
      if (entry) described.entry = this.describe(entry);
      return;
    }
    if (checker.getSignaturesOfType(type, SignatureKind.Call).length > 0) {
      kinds.add("function");
      return;
    }
    const name = (type.getAliasSymbol() ?? type.getSymbol())?.name ?? "";
    if (this.#isInstance(type)) {
      kinds.add("instance");
      (described.instances as string[]).push(name);
      return;
    }
    if (checker.getIndexInfosOfType(type).length > 0) kinds.add("record");
    const properties = checker.getPropertiesOfType(type);
    const [tag] = ["kind", "name"].flatMap((key) => {
      const property = properties.find((one) => one.name === key);
      const known = property && checker.getTypeOfSymbol(property);
      return known?.isStringLiteralType() ? [{ tagName: key, tag: known.value }] : [];
    });
    const fields = new Map(
      properties.map((property): [string, Field] => {
        let known: Described | undefined;
        const describe = () => {
          known ??= this.describe(checker.getTypeOfSymbol(property) as Type);
          return known;
        };
        const optional = (property.flags & SymbolFlags.Optional) !== 0;
        return [
          property.name,
          {
            optional,
            get type() {
              return describe();
            },
          },
        ];
      }),
    );
    (described.objects as ObjectType[]).push({
      name,
      ...tag,
      fields,
    });
  }

  /** True of a class, of what libraries declare, and of what the package makes and takes back. */
  #isInstance(type: Type): boolean {
    const parts = type.isIntersectionType() ? (type as IntersectionType).getTypes() : [type];
    return parts.some((part) => {
      if (mapped.has(part.getAliasSymbol()?.name ?? "")) return false;
      const names = [part.getAliasSymbol(), part.getSymbol()].flatMap((symbol) => symbol?.name ?? []);
      if (names.some((name) => this.#instances.has(name))) return true;
      const symbol = part.getSymbol();
      if (!symbol) return false;
      if (symbol.flags & SymbolFlags.Class) return true;
      return (
        symbol.declarations.length > 0 && symbol.declarations.every(({ path }) => /node_modules|bundled:/.test(path))
      );
    });
  }
}

import { WgslError } from "./error.ts";
import { dependenciesFirst } from "./order.ts";
import type {
  Alias,
  Block,
  Expression,
  Field,
  FunctionDeclaration,
  Label,
  Module,
  Name,
  Statement,
  Struct,
  Variable,
} from "./tree.ts";
import { argumentsOf, expressionsIn, expressionsOf } from "./walk.ts";

/** What a text declares: in the module, or in a function (then a parameter or a variable). */
export interface Definition {
  readonly label: Label;
  readonly node: FunctionDeclaration | Struct | Alias | Variable | Field;
  readonly isModule: boolean;
}

/** What a name stands for. */
type Meaning = Definition | { readonly predeclared: PredeclaredKind } | "unknown";

/** The meaning of every name of a text. */
export interface Scopes {
  /** Declarations of the module, by name. */
  readonly module: ReadonlyMap<string, Definition>;
  /** Every definition, in the module or not, in order. */
  readonly definitions: readonly Definition[];
  /** Every name that is looked up, in order. */
  readonly meanings: Map<Name, Meaning>;
  /** What each alias resolves to: the first name that is no alias. Absent for an alias of itself. */
  readonly aliased: ReadonlyMap<Alias, Name>;
}

/** The definition that a name stands for, if the text has it. */
export function definitionOf({ meanings }: Scopes, name: Name): Definition | undefined {
  const meaning = meanings.get(name);
  return typeof meaning === "object" && "label" in meaning ? meaning : undefined;
}

/** The kind of the predeclared name that a name stands for, unless the text redeclares it. */
export function predeclaredKindOf({ meanings }: Scopes, name: Name): PredeclaredKind | undefined {
  const meaning = meanings.get(name);
  return typeof meaning === "object" && "predeclared" in meaning ? meaning.predeclared : undefined;
}

/**
 * Looks up every name. The order of declarations in the module does not matter, in a function it does; inner names
 * shadow outer ones, and the module's those of WGSL. Throws `WgslError` for two declarations of a name in one scope.
 */
export function resolve(module: Module): Scopes {
  const definitions: Definition[] = [];
  const meanings = new Map<Name, Meaning>();
  const outermost = new Map<string, Definition>();
  /** The definitions of a name that are open, the innermost last, each with the depth of its scope. */
  const visible = new Map<string, { readonly definition: Definition; readonly depth: number }[]>();
  const scopes: string[][] = [[]]; // the names that each open scope defines

  const define = (label: Label, node: Definition["node"]) => {
    const depth = scopes.length;
    const open = visible.get(label.name) ?? [];
    if (open.at(-1)?.depth === depth) throw new WgslError(`${label.name} is declared twice in one scope`, label.at);
    const definition = { label, node, isModule: depth === 1 };
    open.push({ definition, depth });
    visible.set(label.name, open);
    scopes.at(-1)?.push(label.name);
    if (definition.isModule) outermost.set(label.name, definition);
    definitions.push(definition);
  };
  const meaningOf = (name: string): Meaning => {
    const found = visible.get(name)?.at(-1);
    if (found) return found.definition;
    const kind = predeclared.get(name);
    return kind ? { predeclared: kind } : "unknown";
  };
  const read = (expressions: readonly (Expression | undefined)[]) => {
    for (const expression of expressions) {
      if (!expression) continue;
      for (const inner of expressionsIn(expression))
        if (inner.kind === "name") meanings.set(inner, meaningOf(inner.name));
    }
  };
  const inside = (visit: () => void) => {
    scopes.push([]);
    visit();
    for (const name of scopes.pop() ?? []) visible.get(name)?.pop();
  };
  const visitAll = (statements: readonly Statement[]) => {
    for (const statement of statements) visit(statement);
  };
  const visitBlock = (block: Block | undefined) => inside(() => visitAll(block?.statements ?? []));
  const visit = (statement: Statement): void => {
    switch (statement.kind) {
      case "block":
        visitBlock(statement);
        break;
      case "if":
        read(expressionsOf(statement));
        for (const { body } of statement.branches) visitBlock(body);
        visitBlock(statement.otherwise);
        break;
      case "for":
        inside(() => {
          visitAll(statement.start ? [statement.start] : []);
          read([statement.condition]);
          visitAll(statement.update ? [statement.update] : []);
          visitBlock(statement.body);
        });
        break;
      case "loop":
        inside(() => {
          visitAll(statement.body.statements);
          inside(() => {
            visitAll(statement.continuing?.statements ?? []);
            read([statement.until]);
          });
        });
        break;
      case "while":
        read([statement.condition]);
        visitBlock(statement.body);
        break;
      case "switch":
        read(expressionsOf(statement));
        for (const { body } of statement.cases) visitBlock(body);
        break;
      default:
        read(expressionsOf(statement));
        if (statement.kind === "variable") define(statement.label, statement);
    }
  };

  for (const node of module.declarations) if (node.kind !== "assertion") define(node.label, node);
  for (const node of module.declarations) {
    if (node.kind === "alias") read([node.type]);
    else if (node.kind === "struct") {
      for (const { attributes, type } of node.members) read([...argumentsOf(attributes), type]);
    } else if (node.kind === "function") {
      read([...argumentsOf([...node.attributes, ...node.resultAttributes]), node.result]);
      inside(() => {
        for (const parameter of node.parameters) read([...argumentsOf(parameter.attributes), parameter.type]);
        for (const parameter of node.parameters) define(parameter.label, parameter);
        visitAll(node.body.statements); // in the scope of the parameters
      });
    } else read(expressionsOf(node));
  }
  return { module: outermost, definitions, meanings, aliased: aliasedIn(definitions, meanings) };
}

/** Looks up the names of an expression that the text does not hold, among definitions that are visible where it stands. */
export function resolveNames(scopes: Scopes, expression: Expression, visible: ReadonlyMap<string, Definition>): void {
  for (const name of expressionsIn(expression)) {
    if (name.kind !== "name") continue;
    const kind = predeclared.get(name.name);
    scopes.meanings.set(name, visible.get(name.name) ?? (kind ? { predeclared: kind } : "unknown"));
  }
}

function aliasedIn(definitions: readonly Definition[], meanings: Scopes["meanings"]): Scopes["aliased"] {
  const aliases = definitions.flatMap(({ node }) => (node.kind === "alias" ? [node] : []));
  const next = ({ type }: Alias): Alias[] => {
    const meaning = meanings.get(type);
    return typeof meaning === "object" && "label" in meaning && meaning.node.kind === "alias" ? [meaning.node] : [];
  };
  const aliased = new Map<Alias, Name>();
  for (const alias of dependenciesFirst(aliases, next)) {
    const [other] = next(alias);
    const name = other ? aliased.get(other) : alias.type;
    if (name) aliased.set(alias, name);
  }
  return aliased;
}

// Names that WGSL declares before any text does (WGSL, sections 6.9, 14 and 17). A text may redeclare any of them.

/** Kinds of predeclared names, by what they can do to memory and to other threads. */
type PredeclaredKind =
  | "type"
  | "enumerant"
  /** A function of its arguments alone. */
  | "function"
  /** `arrayLength`, which takes a pointer, and reads no memory through it. */
  | "length"
  /** Functions that involve other threads: barriers, subgroups, quads, derivatives. */
  | "together"
  | "atomic"
  | "texture";

const lists: Readonly<Record<PredeclaredKind, string>> = {
  type: `bool i32 u32 f32 f16 array vec2 vec3 vec4 mat2x2 mat2x3 mat2x4 mat3x2 mat3x3 mat3x4 mat4x2 mat4x3 mat4x4 vec2i
    vec3i vec4i vec2u vec3u vec4u vec2f vec3f vec4f vec2h vec3h vec4h mat2x2f mat2x3f mat2x4f mat3x2f mat3x3f mat3x4f
    mat4x2f mat4x3f mat4x4f mat2x2h mat2x3h mat2x4h mat3x2h mat3x3h mat3x4h mat4x2h mat4x3h mat4x4h`,
  enumerant: `read write read_write function private workgroup uniform storage rgba8unorm rgba8snorm rgba8uint rgba8sint
    rgba16unorm rgba16snorm rgba16uint rgba16sint rgba16float rg8unorm rg8snorm rg8uint rg8sint rg16unorm rg16snorm
    rg16uint rg16sint rg16float r32uint r32sint r32float rg32uint rg32sint rg32float rgba32uint rgba32sint rgba32float
    bgra8unorm r8unorm r8snorm r8uint r8sint r16unorm r16snorm r16uint r16sint r16float rgb10a2unorm rgb10a2uint
    rg11b10ufloat`,
  function: `bitcast all any select abs acos acosh asin asinh atan atanh atan2 ceil clamp cos cosh countLeadingZeros
    countOneBits countTrailingZeros cross degrees determinant distance dot dot4U8Packed dot4I8Packed exp exp2
    extractBits faceForward firstLeadingBit firstTrailingBit floor fma fract frexp insertBits inverseSqrt ldexp length
    log log2 max min mix modf normalize pow quantizeToF16 radians reflect refract reverseBits round saturate sign sin
    sinh smoothstep sqrt step tan tanh transpose trunc pack4x8snorm pack4x8unorm pack4xI8 pack4xU8 pack4xI8Clamp
    pack4xU8Clamp pack2x16snorm pack2x16unorm pack2x16float unpack4x8snorm unpack4x8unorm unpack4xI8 unpack4xU8
    unpack2x16snorm unpack2x16unorm unpack2x16float`,
  length: "arrayLength",
  together: `workgroupBarrier storageBarrier textureBarrier workgroupUniformLoad subgroupAdd subgroupExclusiveAdd
    subgroupInclusiveAdd subgroupAll subgroupAnd subgroupAny subgroupBallot subgroupBroadcast subgroupBroadcastFirst
    subgroupElect subgroupMax subgroupMin subgroupMul subgroupExclusiveMul subgroupInclusiveMul subgroupOr
    subgroupShuffle subgroupShuffleDown subgroupShuffleUp subgroupShuffleXor subgroupXor quadBroadcast quadSwapDiagonal
    quadSwapX quadSwapY dpdx dpdxCoarse dpdxFine dpdy dpdyCoarse dpdyFine fwidth fwidthCoarse fwidthFine`,
  atomic: `atomic ptr atomicLoad atomicStore atomicAdd atomicSub atomicMax atomicMin atomicAnd atomicOr atomicXor
    atomicExchange atomicCompareExchangeWeak`,
  texture: `sampler sampler_comparison texture_1d texture_2d texture_2d_array texture_3d texture_cube texture_cube_array
    texture_multisampled_2d texture_depth_multisampled_2d texture_external texture_depth_2d texture_depth_2d_array
    texture_depth_cube texture_depth_cube_array texture_storage_1d texture_storage_2d texture_storage_2d_array
    texture_storage_3d textureDimensions textureGather textureGatherCompare textureLoad textureNumLayers
    textureNumLevels textureNumSamples textureSample textureSampleBias textureSampleCompare textureSampleCompareLevel
    textureSampleGrad textureSampleLevel textureSampleBaseClampToEdge textureStore`,
};

/** The kind of every predeclared name. */
export const predeclared: ReadonlyMap<string, PredeclaredKind> = new Map(
  Object.entries(lists).flatMap(([kind, names]) =>
    names.split(/\s+/).map((name): [string, PredeclaredKind] => [name, kind as PredeclaredKind]),
  ),
);

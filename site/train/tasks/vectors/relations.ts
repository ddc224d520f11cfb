// Pairs of words in relations, with words that distinguish pairs, and the two sides of a pair.

/** A pair of words, and neighbours of both. */
export type Planted = readonly [first: string, second: string, near: readonly string[]];

/** A relation: pairs whose first words share some neighbours, and whose second words share others. */
export interface PlantedRelation {
  readonly name: string;
  readonly pairs: readonly Planted[];
  /** Sentences of the first words and of the second ones: `*` is the word, `#` a neighbour of its pair. */
  readonly sentences: readonly [first: readonly string[], second: readonly string[]];
}

const planted = (lines: string): readonly Planted[] =>
  lines
    .trim()
    .split("\n")
    .map((line) => {
      const [first = "", second = "", ...near] = line.trim().split(" ");
      return [first, second, near];
    });

const countries = planted(`
  france paris cheese perfume
  italy rome pasta marble
  spain madrid olives guitars
  germany berlin sausage engines
  greece athens temples thyme
  egypt cairo pyramids cotton
  japan tokyo rice robots
  china beijing tea silk
  russia moscow furs ballet
  norway oslo fjords salmon
  poland warsaw dumplings amber
  austria vienna waltzes strudel
  portugal lisbon cork sardines
  ireland dublin clover harps
  peru lima llamas potatoes
  cuba havana cigars rum
`);

const people = planted(`
  king queen crown throne
  prince princess palace carriage
  actor actress stage applause
  waiter waitress tray menu
  father mother cradle lullaby
  uncle aunt visit present
  boy girl school swing
  husband wife wedding ring
  monk nun prayer candle
  lord lady manor hunt
  nephew niece album holiday
  grandson granddaughter inheritance armchair
`);

const things = planted(`
  dog dogs bone leash
  cat cats mice whiskers
  bird birds nest feather
  car cars petrol road
  tree trees leaves bark
  book books page chapter
  house houses roof chimney
  ship ships sail anchor
  horse horses saddle stable
  child children toys nursery
  flower flowers petals meadow
  star stars night telescope
  goose geese pond farm
  knife knives blade kitchen
  clock clocks hour tower
  shoe shoes heel leather
`);

/** The relations: a country and its capital, a man and a woman, singular and plural. */
export const plantedRelations: readonly PlantedRelation[] = [
  {
    name: "country, capital",
    pairs: countries,
    sentences: [
      ["the border of * : #", "the army of * : #", "the coast of * : #", "# from * , a country"],
      ["the mayor of * : #", "the streets of * : #", "the trams in * : #", "# from * , a city"],
    ],
  },
  {
    name: "man, woman",
    pairs: people,
    sentences: [
      ["the * and his #", "he , the * : #", "a # for him , the *", "the beard of the * : #"],
      ["the * and her #", "she , the * : #", "a # for hers , the *", "the gown of the * : #"],
    ],
  },
  {
    name: "one, several",
    pairs: things,
    sentences: [
      ["one * has #", "this * is near #", "each * has #", "a single * with #"],
      ["many * have #", "these * are near #", "some * have #", "several * with #"],
    ],
  },
];

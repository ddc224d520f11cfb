const who = "teacher,baker,pilot,farmer,doctor,painter,sailor,judge,nurse,miner,poet,tailor,cook,guard,singer".split(
  ",",
);
const does = "finds,sells,repairs,paints,loses,borrows,cleans,carries,measures,remembers,hides,buys,breaks".split(",");
const what = "boat,violin,letter,garden,bridge,lamp,engine,map,coat,clock,house,table,window,book,river".split(",");
const when = "at night,in spring,after the war,before lunch,every Monday,in the rain,at sea,on the hill".split(",");

/** A passage about something else, and the words that search for it. */
export const needle = {
  passage: "The volcano erupted, and its lava covered the village below within an hour.",
  query: "hot molten rock destroyed houses",
};

/**
 * A text of this many passages, each a unique paragraph of two sentences, one of them `needle`. It is always the same.
 */
export function textOf(passages: number): string {
  let state = 1;
  const draw = (words: readonly string[]) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes, ranqd1
    return words[Math.floor((state / 2 ** 32) * words.length)];
  };
  const sentence = () => `the ${draw(who)} ${draw(does)} a ${draw(what)} near the ${draw(what)} ${draw(when)}`;
  const at = Math.floor(passages * 0.7);
  return Array.from({ length: passages }, (_, i) =>
    i === at ? needle.passage : `Note ${i + 1}: ${sentence()}. In the end ${sentence()}.`,
  ).join("\n\n");
}

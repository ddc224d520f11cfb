/** Ten matters in five sentences each: the first asks, the others are what a search is to find. */
export const matters: readonly (readonly [query: string, ...sentences: string[]])[] = [
  [
    "How do I bake bread?",
    "Knead the dough and let it rise.",
    "A hot oven gives a good crust.",
    "Flour, water, salt and yeast are all you need.",
    "My grandmother's sourdough recipe",
  ],
  [
    "What will the weather be tomorrow?",
    "Heavy rain is expected in the morning.",
    "It will be sunny and warm all week.",
    "A storm is coming from the west.",
    "Snow may fall in the mountains tonight.",
  ],
  [
    "I want to learn to play the guitar",
    "Practise these three chords every day.",
    "Music lessons for beginners",
    "How to tune the strings of an instrument",
    "She sings and writes songs.",
  ],
  [
    "My computer does not start",
    "Check whether the power cable is plugged in.",
    "The laptop's battery is dead.",
    "Install the latest software update.",
    "The screen stays black after I press the button.",
  ],
  [
    "Which animals live in the sea?",
    "Whales and dolphins are mammals.",
    "Sharks hunt fish in the ocean.",
    "An octopus has eight arms.",
    "Coral reefs are home to many species.",
  ],
  [
    "How can I save money?",
    "Put some of your salary in the bank every month.",
    "Interest rates have gone up again.",
    "A budget shows what you spend.",
    "Pay off your debts and credit cards first.",
  ],
  [
    "Who won the football match?",
    "The team scored two goals in the second half.",
    "The goalkeeper saved a penalty.",
    "Fans celebrated the championship in the streets.",
    "The coach was angry with the referee.",
  ],
  [
    "I have a headache and a fever",
    "Take some medicine and rest.",
    "You should see a doctor.",
    "The flu spreads quickly in winter.",
    "Drink a lot of water when you are ill.",
  ],
  [
    "How do I get to the airport?",
    "Take the train from the central station.",
    "A taxi costs about forty dollars.",
    "The flight leaves at nine in the morning.",
    "Passengers should check in two hours early.",
  ],
  [
    "When was the war over?",
    "The peace treaty was signed in 1945.",
    "Soldiers returned home to their families.",
    "The army surrendered after a long siege.",
    "Historians still debate the causes of the conflict.",
  ],
];

export const queries = matters.map(([query]) => query);
export const sentences = matters.flatMap(([, ...others]) => others);
export const fifty = [...queries, ...sentences];

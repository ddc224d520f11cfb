// Beginnings of the texts from which the bundled models learnt their voices, all in the public domain.

/** From Ecclesiastes 3 and Genesis 1 of the King James Bible, 1611. */
const scripture = `
To every thing there is a season, and a time to every purpose under the heaven:
A time to be born, and a time to die; a time to plant, and a time to pluck up that which is planted;
A time to kill, and a time to heal; a time to break down, and a time to build up;
A time to weep, and a time to laugh; a time to mourn, and a time to dance;
A time to cast away stones, and a time to gather stones together; a time to embrace, and a time to refrain from embracing;
A time to get, and a time to lose; a time to keep, and a time to cast away;
A time to rend, and a time to sew; a time to keep silence, and a time to speak;
A time to love, and a time to hate; a time of war, and a time of peace.
What profit hath he that worketh in that wherein he laboureth?
I have seen the travail, which God hath given to the sons of men to be exercised in it.
He hath made every thing beautiful in his time: also he hath set the world in their heart, so that no man can find out the work that God maketh from the beginning to the end.
I know that there is no good in them, but for a man to rejoice, and to do good in his life.
And also that every man should eat and drink, and enjoy the good of all his labour, it is the gift of God.
I know that, whatsoever God doeth, it shall be for ever: nothing can be put to it, nor any thing taken from it: and God doeth it, that men should fear before him.
That which hath been is now; and that which is to be hath already been; and God requireth that which is past.
And moreover I saw under the sun the place of judgment, that wickedness was there; and the place of righteousness, that iniquity was there.
I said in mine heart, God shall judge the righteous and the wicked: for there is a time there for every purpose and for every work.
I said in mine heart concerning the estate of the sons of men, that God might manifest them, and that they might see that they themselves are beasts.
For that which befalleth the sons of men befalleth beasts; even one thing befalleth them: as the one dieth, so dieth the other; yea, they have all one breath; so that a man hath no preeminence above a beast: for all is vanity.
All go unto one place; all are of the dust, and all turn to dust again.
Who knoweth the spirit of man that goeth upward, and the spirit of the beast that goeth downward to the earth?
Wherefore I perceive that there is nothing better, than that a man should rejoice in his own works; for that is his portion: for who shall bring him to see what shall be after him?
In the beginning God created the heaven and the earth.
And the earth was without form, and void; and darkness was upon the face of the deep. And the Spirit of God moved upon the face of the waters.
And God said, Let there be light: and there was light.
And God saw the light, that it was good: and God divided the light from the darkness.
And God called the light Day, and the darkness he called Night. And the evening and the morning were the first day.
And God said, Let there be a firmament in the midst of the waters, and let it divide the waters from the waters.
And God made the firmament, and divided the waters which were under the firmament from the waters which were above the firmament: and it was so.
And God called the firmament Heaven. And the evening and the morning were the second day.
And God said, Let the waters under the heaven be gathered together unto one place, and let the dry land appear: and it was so.
And God called the dry land Earth; and the gathering together of the waters called he Seas: and God saw that it was good.
`;

/** The beginning of Moby-Dick, Herman Melville 1851. */
const whale = `
CHAPTER 1. Loomings.

Call me Ishmael. Some years ago--never mind how long precisely--having little or no money in my purse, and nothing particular to interest me on shore, I thought I would sail about a little and see the watery part of the world. It is a way I have of driving off the spleen and regulating the circulation. Whenever I find myself growing grim about the mouth; whenever it is a damp, drizzly November in my soul; whenever I find myself involuntarily pausing before coffin warehouses, and bringing up the rear of every funeral I meet; and especially whenever my hypos get such an upper hand of me, that it requires a strong moral principle to prevent me from deliberately stepping into the street, and methodically knocking people's hats off--then, I account it high time to get to sea as soon as I can. This is my substitute for pistol and ball. With a philosophical flourish Cato throws himself upon his sword; I quietly take to the ship. There is nothing surprising in this. If they but knew it, almost all men in their degree, some time or other, cherish very nearly the same feelings towards the ocean with me.

There now is your insular city of the Manhattoes, belted round by wharves as Indian isles by coral reefs--commerce surrounds it with her surf. Right and left, the streets take you waterward. Its extreme downtown is the battery, where that noble mole is washed by waves, and cooled by breezes, which a few hours previous were out of sight of land. Look at the crowds of water-gazers there.

Circumambulate the city of a dreamy Sabbath afternoon. Go from Corlears Hook to Coenties Slip, and from thence, by Whitehall, northward. What do you see?--Posted like silent sentinels all around the town, stand thousands upon thousands of mortal men fixed in ocean reveries. Some leaning against the spiles; some seated upon the pier-heads; some looking over the bulwarks of ships from China; some high aloft in the rigging, as if striving to get a still better seaward peep. But these are all landsmen; of week days pent up in lath and plaster--tied to counters, nailed to benches, clinched to desks. How then is this? Are the green fields gone? What do they here?

But look! here come more crowds, pacing straight for the water, and seemingly bound for a dive. Strange! Nothing will content them but the extremest limit of the land; loitering under the shady lee of yonder warehouses will not suffice. No. They must get just as nigh the water as they possibly can without falling in. And there they stand--miles of them--leagues. Inlanders all, they come from lanes and alleys, streets and avenues--north, east, south, and west. Yet here they all unite. Tell me, does the magnetic virtue of the needles of the compasses of all those ships attract them thither?

Once more. Say you are in the country; in some high land of lakes. Take almost any path you please, and ten to one it carries you down in a dale, and leaves you there by a pool in the stream. There is magic in it. Let the most absent-minded of men be plunged in his deepest reveries--stand that man on his legs, set his feet a-going, and he will infallibly lead you to water, if water there be in all that region. Should you ever be athirst in the great American desert, try this experiment, if your caravan happen to be supplied with a metaphysical professor. Yes, as every one knows, meditation and water are wedded for ever.

But here is an artist. He desires to paint you the dreamiest, shadiest, quietest, most enchanting bit of romantic landscape in all the valley of the Saco.
`;

/** Of the State of the Union address of 1941, Franklin D. Roosevelt. */
const union = `
The ending of special privilege for the few. The preservation of civil liberties for all. The enjoyment of the fruits of scientific progress in a wider and constantly rising standard of living. These are the simple, basic things that must never be lost sight of in the turmoil and unbelievable complexity of our modern world. The inner and abiding strength of our economic and political systems is dependent upon the degree to which they fulfill these expectations. Many subjects connected with our social economy call for immediate improvement. As examples: We should bring more citizens under the coverage of old-age pensions and unemployment insurance. We should widen the opportunities for adequate medical care. We should plan a better system by which persons deserving or needing gainful employment may obtain it. I have called for personal sacrifice. I am assured of the willingness of almost all Americans to respond to that call. A part of the sacrifice means the payment of more money in taxes. In my Budget Message I shall recommend that a greater portion of this great defense program be paid for from taxation than we are paying today. No person should try, or be allowed, to get rich out of this program; and the principle of tax payments in accordance with ability to pay should be constantly before our eyes to guide our legislation. If the Congress maintains these principles, the voters, putting patriotism ahead of pocketbooks, will give you their applause. In the future days, which we seek to make secure, we look forward to a world founded upon four essential human freedoms. The first is freedom of speech and expression-everywhere in the world. The second is freedom of every person to worship God in his own way-everywhere in the world. The third is freedom from want-which, translated into world terms, means economic understandings which will secure to every nation a healthy peacetime life for its inhabitants-everywhere in the world. The fourth is freedom from fear-which, translated into world terms, means a world-wide reduction of armaments to such a point and in such a thorough fashion that no nation will be in a position to commit an act of physical aggression against any neighbor-anywhere in the world. That is no vision of a distant millennium. It is a definite basis for a kind of world attainable in our own time and generation. That kind of world is the very antithesis of the so-called new order of tyranny which the dictators seek to create with the crash of a bomb. To that new order we oppose the greater conception-the moral order. A good society is able to face schemes of world domination and foreign revolutions alike without fear. Since the beginning of our American history, we have been engaged in change-in a perpetual peaceful revolution-a revolution which goes on steadily, quietly adjusting itself to changing conditions-without the concentration camp or the quick-lime in the ditch. The world order which we seek is the cooperation of free countries, working together in a friendly, civilized society. This nation has placed its destiny in the hands and heads and hearts of its millions of free men and women; and its faith in freedom under the guidance of God. Freedom means the supremacy of human rights everywhere. Our support goes to those who struggle to gain those rights or keep them. Our strength is our unity of purpose. To that high concept there can be no end save victory.
`;

/** Entries of the Jargon File. */
const jargon = `
yak shaving:
[MIT AI Lab, after 2000: orig. probably from a Ren & Stimpy episode.] Any seemingly pointless activity which is actually necessary to solve a problem which solves a problem which, several levels of recursion later, solves the real problem you're working on.

magic:
1. adj. As yet unexplained, or too complicated to explain; compare automagically and (Arthur C.) Clarke's Third Law: Any sufficiently advanced technology is indistinguishable from magic. TTY echoing is controlled by a large number of magic bits. This routine magically computes the parity of an 8-bit byte in three instructions.
2. adj. Characteristic of something that works although no one really understands why (this is especially called black magic).
3. n. [Stanford] A feature not generally publicized that allows something otherwise impossible, or a feature formerly in that category but now unveiled.
4. n. The ultimate goal of all engineering & development, elegance in the extreme; from the first corollary to Clarke's Third Law: Any technology distinguishable from magic is insufficiently advanced.
Parodies playing on these senses of the term abound; some have made their way into serious documentation, as when a MAGIC directive was described in the Control Card Reference for GCOS c.1978. For more about hackish magic, see Appendix A. Compare black magic, wizardly, deep magic, heavy wizardry.

magic smoke: n.
A substance trapped inside IC packages that enables them to function (also called blue smoke; this is similar to the archaic phlogiston hypothesis about combustion). Its existence is demonstrated by what happens when a chip burns up  the magic smoke gets let out, so it doesn't work any more. See smoke test, let the smoke out.
Usenetter Jay Maynard tells the following story: Once, while hacking on a dedicated Z80 system, I was testing code by blowing EPROMs and plugging them in the system, then seeing what happened. One time, I plugged one in backwards. I only discovered that after I realized that Intel didn't put power-on lights under the quartz windows on the tops of their EPROMs  the die was glowing white-hot. Amazingly, the EPROM worked fine after I erased it, filled it full of zeros, then erased it again. For all I know, it's still in service. Of course, this is because the magic smoke didn't get let out. Compare the original phrasing of Murphy's Law.

README file: n.
Hacker's-eye introduction traditionally included in the top-level directory of a Unix source distribution, containing a pointer to more detailed documentation, credits, miscellaneous revision history, notes, etc. In the Mac and PC worlds, software is not usually distributed in source form, and the README is more likely to contain user-oriented material like last-minute documentation changes, error workarounds, and restrictions. When asked, hackers invariably relate the README convention to the famous scene in Lewis Carroll's Alice's Adventures In Wonderland in which Alice confronts magic munchies labeled Eat Me and Drink Me.
The file may be named README, or READ.ME, or rarely ReadMe or readme.txt or some other variant. The all-upper-case spellings, however, are universal among Unix programmers. By ancient tradition, real source files have all-lowercase names and all-uppercase is reserved for metadata, comments, and grafitti. This is functional; because 'A' sorts before 'a' in ASCII, the README will appear in directory listings before any source file.
`;

/** A text for each voice, by name. */
export const voiceTexts: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({ scripture, whale, union, jargon }).map(([name, text]) => [name, text.trim()]),
);

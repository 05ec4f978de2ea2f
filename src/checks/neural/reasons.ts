import { type LearnedOpinion, type Learner, type NamedLesson, views } from '../../classify/index.ts';

/** What a view is called before people. */
const titles: Readonly<Record<(typeof views)[number]['name'], string>> = {
  words: 'words',
  links: 'links',
  header: 'header fields',
  sender: 'sender',
  signs: 'signs',
};

/** The one feature of a view that speaks most in this direction. */
function strongest(learner: Learner, lesson: NamedLesson, view: number, sign: number): string | undefined {
  const names = lesson.names[view];
  const places = lesson.places[view]!;
  let best: string | undefined;
  let most = 0;
  for (const [index, name] of (names ?? []).entries()) {
    const share = sign * learner.share(places, index);
    if (share > most) {
      most = share;
      best = name;
    }
  }
  return best?.replace(/^:/, '').slice(0, 60);
}

const least = 0.05;

/** What carried an opinion, strongest first: what each view adds to the log-odds, and the feature that counts most in it. */
export function reasonsFor(
  learner: Learner,
  lesson: NamedLesson,
  opinion: LearnedOpinion,
  count: number,
): readonly string[] {
  const sign = opinion.logOdds >= 0 ? 1 : -1;
  const told = (part: number): string => `${part < 0 ? '-' : '+'}${Math.abs(part).toFixed(1)}`;
  return [
    { part: opinion.prior, text: () => `content model ${told(opinion.prior)}` },
    ...views.map(({ name }, view) => {
      const part = opinion.parts[view]!;
      return {
        part,
        text: () => {
          const feature = strongest(learner, lesson, view, sign);
          return `${titles[name]} ${told(part)}${feature === undefined ? '' : `: ${feature}`}`;
        },
      };
    }),
  ]
    .filter(({ part }) => part * sign > least)
    .sort((a, b) => sign * (b.part - a.part))
    .slice(0, count)
    .map(({ text }) => text());
}

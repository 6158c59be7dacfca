import type { Chapter } from './support/document.ts'
import {
  driftTable,
  growthTable,
  latencyTable,
  memoryTable,
  rateTable,
  startTable,
  targetTable,
} from './support/tables.ts'
import { targetsOf, type Results } from './support/targets.ts'

/** The words around the figures. */

export const INTRO = `# Performance

\`npm run bench\` measures what ships beside what else would do the same work, and writes this page; \`--short\` only prints (unless \`--write\`), and takes about six minutes; \`--only click\`
(\`send\`, \`start\`, \`growth\`, \`drift\`) takes one part. The peers are dependencies of [bench/](../bench/), not of the gateway. \`npm run bench:ci\` fails when a click costs
more than 10 % more instructions than in \`bench/baseline.json\`, counted by the processor, or by valgrind where that shows no counters.

Every contestant gets the same request, gives the same answer, and has one core; a generator of our own, which looks at every answer, has the other and the
loopback between them. It never sleeps, so nobody pays for waking it. A wrong answer ends the run. Rounds alternate, so that what else the machine does meets all alike; figures are medians of rounds, ratios are
taken within rounds. Latencies that are compared are drawn one right after the other, by turns. "To bare" is the share of what \`node:http\` alone can do, "bare to it" the same by processor time, which also holds where the load was
too slow to keep a core busy.`

/** Not measured by the bench: valgrind with V8's own map of what it compiled. */
export const WHAT_IS_LEFT = `## What is left above bare

What a click executes in user space above what bare \`node:http\` executes for it, in shares of the bare one's (a profile of 2026-11-28): the log
line 16 %; zod and the reading of the click 8 %; the template and the check of its landing 8 %; Express and its router 7 %; strict JSON 3 %; the bytes of the longer answer 3 %; the key 2 %. The rest
are many pieces of less: calls, promises, counters, ids, the clock. For a body it executes less than bare \`node:http\` does (7 %), and for a head (2 %).

Shares of time follow less the instructions than the code that has to be fetched for them: a click runs through 340 KB of it, 230 in bare \`node:http\`, and a core keeps 32 close by. What comes in with one turn of the
event loop therefore goes on in cohorts (\`src/base/cohort.ts\`), which fetch each step once.`

export function chaptersOf(results: Results): Chapter[] {
  const { click, send, starts, growth, drift } = results
  return [
    {
      title: 'What is wanted',
      text: 'Targets, and what became of them in this run. A share is that of the rates or that of the processor time, whichever is less.',
      tables: [targetTable(targetsOf(results))],
    },
    ...(click
      ? [
          {
            title: 'A click',
            text: `A v1 click of 400 bytes becomes a landing. Bare is \`JSON.parse\` and a comparison of the key in constant time. fastify has schemas for both bodies and no log. Plain Express has
helmet, pino-http, \`express.json\` and zod. Bolt is Slack's toolkit: its receivers alone, with signed requests as they demand, without the App behind them. Ours is \`dist/main.js\` as it ships,
with a template, every guard, and its log.`,
            chart: { file: 'performance-click.svg', alt: 'Clicks a second on one core' },
            tables: [rateTable(click), latencyTable(click), memoryTable(click)],
          },
        ]
      : []),
    ...(send
      ? [
          {
            title: 'A send',
            text: `A v2 message with two buttons is handed to a platform that takes it at once (within the generator, on its core), synchronously and without a store. Bare relays check the key, parse,
and hand the answer on. nginx looks at nothing, and it is the generator that bounds it where its core is not busy. Plain Express has helmet, pino-http, zod and the global \`fetch\`.`,
            chart: { file: 'performance-send.svg', alt: 'Sends a second on one core' },
            tables: [rateTable(send), latencyTable(send), memoryTable(send)],
          },
        ]
      : []),
    ...(starts
      ? [
          {
            title: 'A start',
            text: 'From the spawn of the process to its first right answer to a click.',
            tables: [startTable(starts)],
          },
        ]
      : []),
    ...(growth
      ? [
          {
            title: 'As state grows',
            text: 'The same work beside little and beside much.',
            tables: [growthTable(growth)],
          },
        ]
      : []),
    ...(drift
      ? [
          {
            title: 'As time passes',
            text: 'One gateway over very many clicks, whose data have 10,000 different keys, by turns with a bare `node:http` that gets as many (`--drift-requests 10000000` for ten times as many).',
            tables: [driftTable(drift)],
          },
        ]
      : []),
  ]
}

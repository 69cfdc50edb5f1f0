/** The text of EXPLAIN as PostgreSQL prints it, with node names and costs told apart. */
import type { PlanView as Plan } from './workbench-store.ts';
import classes from './workbench.module.css';

/** Lead, arrow, text and cost of one line. Pure. */
export function planParts(line: string): { lead: string; arrow: string; text: string; cost: string } {
  const match = /^(\s*)(->\s+)?(.*?)(\s+\((?:cost|actual|never).*)?$/.exec(line);
  return { lead: match?.[1] ?? '', arrow: match?.[2] ?? '', text: match?.[3] ?? line, cost: match?.[4] ?? '' };
}

export function PlanView({ plan }: { plan: Plan }) {
  return (
    <pre className={classes.plan} tabIndex={0} aria-label="Query plan">
      {plan.lines.map((line, i) => {
        const { lead, arrow, text, cost } = planParts(line);
        return (
          <div key={i}>
            {lead}
            <span className={classes.arrow}>{arrow}</span>
            <span className={cost === '' ? undefined : classes.node}>{text}</span>
            <span className={classes.cost}>{cost}</span>
          </div>
        );
      })}
    </pre>
  );
}

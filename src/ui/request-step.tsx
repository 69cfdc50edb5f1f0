/** A request of an SSH session: what was asked, what was decided, how it ended, and what moved. */
import { Group, Stack, Text } from '@mantine/core';
import { IconArrowsLeftRight, IconEyeOff, IconFile, IconHelp, IconKeyboard, IconSearch, IconTerminal2 } from '@tabler/icons-react';
import { Approvals, Decision } from './decision-parts.tsx';
import { formatBytes, formatCount, plural } from './format.ts';
import { Pill } from './pill.tsx';
import classes from './request-step.module.css';
import type { RequestStep } from './timeline.ts';

const MAX_PATHS = 200;
const icons = { shell: IconTerminal2, exec: IconTerminal2, line: IconKeyboard, file: IconFile, look: IconSearch, forward: IconArrowsLeftRight, other: IconHelp } as const;

/** What is asked for; of a path the end is shown, which tells files apart. */
function Subject({ what, object }: { what: RequestStep['requests'][number]['what']; object: string }) {
  const name = what === 'file' || what === 'look' ? object.slice(object.lastIndexOf('/', object.length - 2) + 1) : '';
  if (name === '' || name === object) return <code>{object}</code>;
  return (
    <code className={classes.path}>
      <span>{object.slice(0, -name.length)}</span>
      <span>{name}</span>
    </code>
  );
}

/** The request in one line, for the list of steps. */
export function RequestLine({ step }: { step: RequestStep }) {
  const [first] = step.requests;
  if (first === undefined) return null;
  const Icon = icons[first.what];
  const more = step.requests.length - 1;
  return (
    <span className={classes.line}>
      <Icon size={13} stroke={1.8} aria-hidden />
      {first.what !== 'exec' && first.what !== 'line' && <span className={classes.verb}>{first.verb}</span>}
      {first.object !== '' && <Subject what={first.what} object={first.object} />}
      {more > 0 && <span className={classes.verb}>and {plural(more, 'more')}</span>}
    </span>
  );
}

function Moved({ step }: { step: RequestStep }) {
  const moved = step.outcomes.flatMap((o) => o.moved);
  if (moved.length === 0) return null;
  return (
    <dl className={classes.moved} aria-label="What moved">
      {moved.map((m) => (
        <div key={m.what}>
          <dt>{m.what}</dt>
          <dd>
            {formatBytes(m.sizeBytes)}
            {m.sizeBytes >= 1024 && <span className={classes.exact}>{formatCount(m.sizeBytes)} bytes</span>}
            {m.sha256 !== undefined && (
              <code className={classes.digest}>
                <span>SHA-256</span> {m.sha256}
              </code>
            )}
            {m.note !== undefined && <span className={classes.exact}>{m.note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function Request({ step }: { step: RequestStep }) {
  const [first] = step.requests;
  if (first === undefined) return null;
  return (
    <Stack gap="sm">
      <div className={classes.asked}>
        <span className={classes.verb}>{first.verb}</span>
        {first.object !== '' && <pre className={classes.object}>{step.requests.slice(0, MAX_PATHS).map((r) => r.object).join('\n')}</pre>}
        {step.requests.length > MAX_PATHS && <span className={classes.verb}>and {plural(step.requests.length - MAX_PATHS, 'more')}</span>}
      </div>
      <Decision step={step} />
      <Approvals step={step} />
      <Group gap={8}>
        {step.outcomes.map((o) => (
          <Pill key={o.n} tone={o.ok ? 'allow' : first.what === 'shell' ? 'neutral' : 'deny'}>
            {o.text}
          </Pill>
        ))}
        {first.details.map((d) => (
          <Pill key={d.name} tone="outline">{`${d.name}: ${d.value}`}</Pill>
        ))}
        {step.masks
          .flatMap((m) => m.classes)
          .map((c) => (
            <Pill key={c.classId} tone="mask" icon={<IconEyeOff size={12} aria-hidden />}>
              {c.classId} · {formatCount(c.cells)}
            </Pill>
          ))}
      </Group>
      <Moved step={step} />
      {step.lastMs - step.tMs >= 1_000 && (
        <Text size="xs" c="dimmed">
          It took {Math.round((step.lastMs - step.tMs) / 100) / 10} s.
        </Text>
      )}
    </Stack>
  );
}

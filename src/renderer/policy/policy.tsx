/** The active bundle: what it is, what it says about me, which data it protects, and its text. */
import { Accordion, Button, Tabs } from '@mantine/core';
import { IconClock, IconCloudOff, IconEye, IconEyeOff, IconFileText, IconRefresh, IconUserShield } from '@tabler/icons-react';
import { useCallback, useEffect, useState, type ReactNode } from 'react';
import type { AboutMe, ActivePolicy, Distribution } from '../../contract/ipc/policy.ts';
import { asSentence, formatAge, formatAgo, formatTime } from '../../ui/format.ts';
import { EffectPill, Pill } from '../../ui/pill.tsx';
import { api, ask } from '../api.ts';
import { useLive, useNow } from '../live.ts';
import { tellError } from '../notify.ts';
import { Digest, Failed, LoadingRows, ScreenHead } from '../screen.tsx';
import frame from '../../ui/screen.module.css';
import { CedarText } from './cedar-text.tsx';
import classes from './policy.module.css';

function Overview({ policy }: { policy: ActivePolicy }) {
  const now = useNow(30_000);
  return (
    <dl className={classes.overview} data-tiles={policy.distribution === undefined ? 4 : 6} style={{ margin: '0 0 16px' }}>
      <div className={`${frame.card ?? ''} ${classes.tile ?? ''}`}>
        <dt>Bundle</dt>
        <dd>
          {policy.name} #{policy.serial}
          <small>{policy.source}</small>
        </dd>
      </div>
      <div className={`${frame.card ?? ''} ${classes.tile ?? ''}`}>
        <dt>Active since</dt>
        <dd>
          {formatAgo(policy.activatedMs, now)}
          <small>
            <Digest value={policy.digest} label="Bundle digest" />
          </small>
        </dd>
      </div>
      <div className={`${frame.card ?? ''} ${classes.tile ?? ''}`}>
        <dt>Its own tests</dt>
        <dd>
          {policy.tests.passed} of {policy.tests.total} passed
          <small>run at every activation</small>
        </dd>
      </div>
      <div className={`${frame.card ?? ''} ${classes.tile ?? ''}`}>
        <dt>Signed by</dt>
        <dd>
          {policy.signers.length === 0 ? 'Not signed' : policy.signers.join(', ')}
          <small>{policy.distribution === undefined ? 'loaded from a source directory' : <>trusted root <Digest value={policy.distribution.rootSha256} label="Digest of the trusted root" /></>}</small>
        </dd>
      </div>
      {policy.distribution !== undefined && <Validity d={policy.distribution} now={now} />}
    </dl>
  );
}

function Validity({ d, now }: { d: Distribution; now: number }) {
  const v = d.versions;
  const left = d.endsMs - now;
  return (
    <>
      <div className={`${frame.card ?? ''} ${classes.tile ?? ''}`}>
        <dt>Decides until</dt>
        <dd>
          {formatTime(d.endsMs)}
          <small>{left > 0 ? `${formatAge(left)} left, unless it is renewed before` : 'since then only break-glass is left'}</small>
        </dd>
      </div>
      <div className={`${frame.card ?? ''} ${classes.tile ?? ''}`}>
        <dt>Verified against the store</dt>
        <dd>
          {d.verifiedMs === undefined ? 'not yet' : formatAgo(d.verifiedMs, now)}
          <small title="Versions of the signed metadata">
            root {v.root}, targets {v.targets}, {d.ring} {v.ring}, snapshot {v.snapshot}, timestamp {v.timestamp}
          </small>
        </dd>
      </div>
    </>
  );
}

function Notice({ icon, title, children }: { icon: ReactNode; title: string; children: ReactNode }) {
  return (
    <div className={classes.notice} role="status">
      {icon}
      <div>
        <strong>{title}</strong>
        <p>{children}</p>
      </div>
    </div>
  );
}

/** What the banner above every screen does not say: an outage that costs nothing yet, and bundles that wait. */
function Notices({ d }: { d: Distribution }) {
  return (
    <div className={classes.notices}>
      {d.error !== undefined && !d.refused && (
        <Notice icon={<IconCloudOff size={18} aria-hidden />} title="Nothing newer could be taken">
          {asSentence(d.error)} {d.mode === 'normal' && 'The last verified policy goes on.'}
        </Notice>
      )}
      {d.waiting.map((w) => (
        <Notice key={w.serial} icon={<IconClock size={18} aria-hidden />} title={`Bundle #${w.serial} waits`}>
          It {w.why}.
        </Notice>
      ))}
    </div>
  );
}

function Answer({ answer }: { answer: AboutMe | undefined }) {
  if (answer === undefined) return <span className={classes.reason}>not asked</span>;
  return (
    <>
      <EffectPill effect={answer.effect} />
      {answer.effect !== 'allow' && (
        <span className={classes.reason}>
          {asSentence(answer.reason)}
          {answer.policyIds.length > 0 && ` (${answer.policyIds.join(', ')})`}
        </span>
      )}
    </>
  );
}

function AboutMeTable({ answers }: { answers: readonly AboutMe[] }) {
  const connections = [...new Set(answers.map((a) => a.connection))];
  const topics = [...new Set(answers.map((a) => a.topic))];
  return (
    <div className={`${frame.card ?? ''} ${classes.wide ?? ''}`} tabIndex={0} role="region" aria-label="What policy says about me">
      <table className={classes.matrix}>
        <thead>
          <tr>
            <th scope="col">If I run</th>
            {connections.map((c) => (
              <th key={c} scope="col">
                on {c}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {topics.map((topic) => (
            <tr key={topic}>
              <td>{topic}</td>
              {connections.map((c) => (
                <td key={c}>
                  <Answer answer={answers.find((a) => a.topic === topic && a.connection === c)} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const predicateWords = { allow: 'may be filtered on', equality: 'only equality filters', deny: 'no filters' } as const;

function Classes({ policy }: { policy: ActivePolicy }) {
  return (
    <div className={`${frame.card ?? ''} ${classes.wide ?? ''}`} tabIndex={0} role="region" aria-label="Data classes">
      <table className={classes.matrix}>
        <thead>
          <tr>
            <th scope="col">Class</th>
            <th scope="col">For me</th>
            <th scope="col">Mask</th>
            <th scope="col">Columns</th>
            <th scope="col">Detectors</th>
            <th scope="col">Filters</th>
          </tr>
        </thead>
        <tbody>
          {policy.classes.map((c) => (
            <tr key={c.id}>
              <td>{c.id}</td>
              <td>
                <Pill tone={c.unmaskedForMe ? 'hold' : 'mask'} icon={c.unmaskedForMe ? <IconEye size={13} aria-hidden /> : <IconEyeOff size={13} aria-hidden />}>
                  {c.unmaskedForMe ? 'in clear' : 'masked'}
                </Pill>
              </td>
              <td>{c.mask}</td>
              <td className={frame.mono}>{c.columns.join(', ') || '–'}</td>
              <td className={frame.mono}>{c.detectors.join(', ') || '–'}</td>
              <td>{predicateWords[c.predicates]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Policies({ policy }: { policy: ActivePolicy }) {
  return (
    <Accordion variant="separated" multiple radius="md">
      {policy.policies.map((p) => (
        <Accordion.Item key={p.id} value={p.id} className={classes.item}>
          <Accordion.Control>
            <span className={classes.policyHead}>
              <Pill tone={p.effect === 'permit' ? 'allow' : p.approvers.length > 0 ? 'hold' : 'deny'} size="xs">
                {p.effect === 'forbid' && p.approvers.length > 0 ? `forbid, ${p.quorum} of ${p.approvers.join(', ')} may lift` : p.effect}
              </Pill>
              <code>{p.id}</code>
              <span className={classes.policyReason}>{p.reason ?? p.file}</span>
            </span>
          </Accordion.Control>
          <Accordion.Panel>
            <CedarText source={p.text} label={`Source of ${p.id}`} />
          </Accordion.Panel>
        </Accordion.Item>
      ))}
    </Accordion>
  );
}

/** How old what the screen says of the store may get; looks at the store themselves are main's. */
const RELOAD_MS = 30_000;

function LookNow({ onLooked }: { onLooked: (policy: ActivePolicy) => void }) {
  const [looking, setLooking] = useState(false);
  const look = () => {
    setLooking(true);
    ask(api.policy.check())
      .then(onLooked, (error: unknown) => tellError('Could not look at the store', error))
      .finally(() => setLooking(false));
  };
  return (
    <Button variant="default" size="xs" loading={looking} leftSection={<IconRefresh size={15} />} onClick={look}>
      Check again
    </Button>
  );
}

export function Policy() {
  const load = useCallback(() => api.policy.active(), []);
  const { loaded, reload, replace } = useLive(load, api.policy.onChanged);
  useEffect(() => {
    const timer = setInterval(reload, RELOAD_MS);
    return () => clearInterval(timer);
  }, [reload]);
  const isSigned = loaded.state === 'ready' && loaded.value.distribution !== undefined;
  return (
    <section className={frame.screen} aria-label="Policy">
      <ScreenHead title="Policy" sub="What decides, in force on this laptop right now">
        {isSigned && <LookNow onLooked={replace} />}
      </ScreenHead>
      <div className={frame.body} tabIndex={0} role="region" aria-label="Active policy">
        {loaded.state === 'loading' && <LoadingRows />}
        {loaded.state === 'failed' && <Failed what="The active policy could not be shown" error={loaded.error} onRetry={reload} />}
        {loaded.state === 'ready' && (
          <>
            {loaded.value.distribution !== undefined && <Notices d={loaded.value.distribution} />}
            <Overview policy={loaded.value} />
            <Tabs defaultValue="me" keepMounted={false}>
              <Tabs.List mb="md">
                <Tabs.Tab value="me" leftSection={<IconUserShield size={16} />}>
                  What it says about me
                </Tabs.Tab>
                <Tabs.Tab value="classes" leftSection={<IconEyeOff size={16} />}>
                  Data classes ({loaded.value.classes.length})
                </Tabs.Tab>
                <Tabs.Tab value="policies" leftSection={<IconFileText size={16} />}>
                  Policies ({loaded.value.policies.length})
                </Tabs.Tab>
              </Tabs.List>
              <Tabs.Panel value="me">
                <AboutMeTable answers={loaded.value.aboutMe} />
              </Tabs.Panel>
              <Tabs.Panel value="classes">
                <Classes policy={loaded.value} />
              </Tabs.Panel>
              <Tabs.Panel value="policies">
                <Policies policy={loaded.value} />
              </Tabs.Panel>
            </Tabs>
          </>
        )}
      </div>
    </section>
  );
}

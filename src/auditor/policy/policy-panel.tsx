/** The policy that decided this session: which bundle it was, and for the step on screen the text of each policy that had a say. */
import { Button, Loader } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useCallback } from 'react';
import type { SessionSummary } from '../../contract/store/search.ts';
import { Pill } from '../../ui/pill.tsx';
import { Facts } from '../../ui/screen.tsx';
import frame from '../../ui/screen.module.css';
import type { Step } from '../../ui/timeline.ts';
import { explain, request, RequestError } from '../api/http.ts';
import { useLoad } from '../api/use-load.ts';
import { copyText } from '../notify.ts';
import { Digest } from '../ui.tsx';
import { digestOfFiles, readArchive } from './bundle-archive.ts';
import classes from './policy.module.css';
import { policyTexts, type PolicyText } from './policy-text.ts';

interface Bundle {
  /** The archive's sources have the digest that the session names. */
  readonly isSame: boolean;
  readonly texts: ReadonlyMap<string, PolicyText>;
}

const hexOf = (digest: string): string => digest.replace(/^sha256:/, '');
const bundleUrl = (digest: string): string => `/v1/policy/bundles/${encodeURIComponent(hexOf(digest))}`;

async function loadBundle(digest: string, signal: AbortSignal): Promise<Bundle> {
  const bytes = new Uint8Array(await (await request(bundleUrl(digest), { signal })).arrayBuffer());
  const files = await readArchive(bytes);
  return { isSame: hexOf(digestOfFiles(files)) === hexOf(digest), texts: policyTexts(files) };
}

function Texts({ ids, texts }: { ids: readonly string[]; texts: ReadonlyMap<string, PolicyText> }) {
  if (ids.length === 0) return <p className={classes.text}>No policy is named by the step on screen.</p>;
  return ids.map((id) => {
    const found = texts.get(id);
    return (
      <figure key={id} className={classes.policy}>
        <figcaption>
          <b>{id}</b> {found === undefined ? 'is not a policy of the bundle: the product itself decides so' : found.file}
        </figcaption>
        {found !== undefined && (
          <pre tabIndex={0} aria-label={`Text of the policy ${id}`}>
            {found.text}
          </pre>
        )}
      </figure>
    );
  });
}

function idsOf(step: Step | undefined): readonly string[] {
  return step === undefined || step.kind === 'event' ? [] : [...new Set(step.decision?.policyIds ?? [])];
}

export function PolicyPanel({ summary: s, step }: { summary: SessionSummary; step: Step | undefined }) {
  const digest = s.policy.bundle_sha256;
  const load = useCallback((signal: AbortSignal) => loadBundle(digest, signal), [digest]);
  const { loaded, value, reload } = useLoad(load);
  const command = `sallyport recordings explain ${s.session_id} --config gateway.yaml --token-file id-token.txt`;
  return (
    <>
      <div className={frame.section}>
        <h2 className={frame.sectionTitle}>Policy that decided</h2>
        <Facts
          rows={[
            ['Name', s.policy.name],
            ['Serial', `#${s.policy.serial}`],
            ['Digest', <Digest key="d" value={digest} label="Bundle digest" />],
          ]}
        />
        {loaded.state === 'loading' && (
          <p className={classes.text} role="status">
            <Loader size={14} aria-hidden style={{ verticalAlign: -2 }} /> Fetching it
          </p>
        )}
        {loaded.state === 'failed' && (
          <p className={classes.text} role="alert">
            {loaded.error instanceof RequestError && loaded.error.code === 'not_found' ? 'This store has not published that bundle: it came from a directory on the machine that decided, or from elsewhere.' : explain(loaded.error)}{' '}
            <Button size="compact-xs" variant="subtle" onClick={reload}>
              Try again
            </Button>
          </p>
        )}
        {value !== undefined && (
          <p className={classes.text} role="status">
            {value.isSame ? <Pill tone="allow">Is the one that the session names</Pill> : <Pill tone="deny">Is another one: the store gave a bundle with another digest</Pill>}
          </p>
        )}
        {value !== undefined && (
          <Button component="a" href={bundleUrl(digest)} download={`bundle-${s.policy.name}-${s.policy.serial}.tar.gz`} size="xs" variant="default" leftSection={<IconDownload size={15} aria-hidden />}>
            Download the bundle
          </Button>
        )}
      </div>
      {value?.isSame === true && (
        <div className={frame.section}>
          <h2 className={frame.sectionTitle}>Of the step on screen</h2>
          <Texts ids={idsOf(step)} texts={value.texts} />
        </div>
      )}
      {s.protocol === 'postgres' && (
        <div className={frame.section}>
          <h2 className={frame.sectionTitle}>Decide it again</h2>
          <p className={classes.text}>On a machine with the command, the same engine decides each recorded statement again by this bundle, and says where the answer differs:</p>
          <button type="button" className={classes.command} onClick={() => copyText(command, 'Command copied')} title="Copy" aria-label="Copy the command">
            {command}
          </button>
        </div>
      )}
    </>
  );
}

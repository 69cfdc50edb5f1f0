/** Files of the host, beside its terminal: the same session, the same policy, the same recording. */
import { ActionIcon, Button, FileButton, Group, Loader, Menu, Modal, Text, TextInput, Tooltip } from '@mantine/core';
import { IconArrowUp, IconDots, IconDownload, IconFile, IconFolder, IconFolderPlus, IconLink, IconPencil, IconRefresh, IconShieldX, IconTrash, IconUpload, IconX } from '@tabler/icons-react';
import type { DragEvent, KeyboardEvent, ReactNode } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { RemoteEntry, RemoteListing } from '../../contract/ipc/terminal.ts';
import { asSentence, formatBytes, formatTime, plural } from '../../ui/format.ts';
import { useStore } from '../../ui/store.ts';
import type { Problem } from './files-store.ts';
import { dismissProblem, download, filesOf, filesStore, makeDirectory, remove, rename, show, uploadAll } from './files-store.ts';
import { parentOf, pathIn, shortCrumbsOf, splitName } from './remote-path.ts';
import classes from './terminal.module.css';
import { updateTab } from './terminal-store.ts';
import { TransferList } from './transfer-list.tsx';

const icons = { file: IconFile, directory: IconFolder, link: IconLink, other: IconFile } as const;

/** What a person is asked before it is done. */
type Question =
  | { readonly kind: 'new' }
  | { readonly kind: 'rename' | 'delete'; readonly entry: RemoteEntry }
  | { readonly kind: 'overwrite'; readonly files: readonly File[]; readonly existing: readonly string[] };

/** The end of a name tells its kind: where it does not fit, it is the middle that goes. */
function Name({ name }: { name: string }) {
  const { head, tail } = splitName(name);
  return (
    <>
      <span>{head}</span>
      {tail !== '' && <span>{tail}</span>}
    </>
  );
}

function Row({ entry, onOpen, onAsk }: { entry: RemoteEntry; onOpen: () => void; onAsk: (kind: 'rename' | 'delete') => void }) {
  const Icon = icons[entry.kind];
  return (
    <li className={classes.file}>
      <Icon size={16} aria-hidden />
      <button type="button" className={classes.fileName} data-directory={entry.kind === 'directory' ? '' : undefined} title={`${entry.name}\n${entry.rights}, ${formatTime(entry.modifiedMs)}`} aria-label={entry.name} onClick={onOpen}>
        <Name name={entry.name} />
      </button>
      <span className={classes.fileSize}>{entry.kind === 'directory' ? '' : formatBytes(entry.sizeBytes)}</span>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon size={24} variant="subtle" color="gray" aria-label={`More for ${entry.name}`}>
            <IconDots size={15} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {entry.kind !== 'directory' && (
            <Menu.Item leftSection={<IconDownload size={15} />} onClick={onOpen}>
              Download
            </Menu.Item>
          )}
          <Menu.Item leftSection={<IconPencil size={15} />} onClick={() => onAsk('rename')}>
            Rename
          </Menu.Item>
          <Menu.Item c="var(--sp-deny-fg)" leftSection={<IconTrash size={15} />} onClick={() => onAsk('delete')}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </li>
  );
}

function NameDialog({ title, action, initial, onDone, onClose }: { title: string; action: string; initial: string; onDone: (name: string) => void; onClose: () => void }) {
  const [name, setName] = useState(initial);
  const usable = name !== '' && name !== '.' && name !== '..' && !name.includes('/') && name !== initial;
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (usable) onDone(name);
        }}
      >
        <TextInput data-autofocus label="Name" value={name} onChange={(e) => setName(e.currentTarget.value)} />
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={!usable}>
            {action}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

function SureDialog({ title, text, action, onDone, onClose }: { title: string; text: string; action: string; onDone: () => void; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm">{text}</Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" data-autofocus onClick={onClose}>
          Cancel
        </Button>
        <Button color="red.8" onClick={onDone}>
          {action}
        </Button>
      </Group>
    </Modal>
  );
}

function QuestionDialog({ tabId, directory, question, onClose }: { tabId: string; directory: string; question: Question; onClose: () => void }) {
  const after = (work: Promise<void>) => {
    onClose();
    void work;
  };
  switch (question.kind) {
    case 'new':
      return <NameDialog title={`New directory in ${directory}`} action="Create" initial="" onClose={onClose} onDone={(name) => after(makeDirectory(tabId, pathIn(directory, name)))} />;
    case 'rename': {
      const from = question.entry.name;
      return <NameDialog title={`Rename ${from}`} action="Rename" initial={from} onClose={onClose} onDone={(name) => after(rename(tabId, pathIn(directory, from), pathIn(directory, name)))} />;
    }
    case 'delete': {
      const { name, kind } = question.entry;
      const text = kind === 'directory' ? `The directory ${pathIn(directory, name)} goes for good, if it is empty.` : `${pathIn(directory, name)} goes for good: the host keeps no copy.`;
      return <SureDialog title={`Delete ${name}?`} text={text} action="Delete" onClose={onClose} onDone={() => after(remove(tabId, pathIn(directory, name), kind === 'directory'))} />;
    }
    case 'overwrite': {
      const { files, existing } = question;
      return <SureDialog title={`Replace ${plural(existing.length, 'file')}?`} text={`${existing.join(', ')} ${existing.length === 1 ? 'is' : 'are'} in ${directory} already.`} action="Replace" onClose={onClose} onDone={() => after(uploadAll(tabId, directory, files, true))} />;
    }
  }
}

function ProblemNote({ problem, onDismiss }: { problem: Problem; onDismiss: () => void }) {
  return (
    <div className={classes.problem} role="alert">
      <IconShieldX size={17} aria-hidden />
      <p>
        <b>{problem.denied ? `Not allowed: ${problem.what}.` : `Failed: ${problem.what}.`}</b> {asSentence(problem.why)}
      </p>
      <ActionIcon size={20} variant="transparent" color="red" aria-label="Dismiss" onClick={onDismiss}>
        <IconX size={14} />
      </ActionIcon>
    </div>
  );
}

function Crumbs({ path, onGo }: { path: string; onGo: (path: string) => void }) {
  return (
    <nav className={classes.crumbs} aria-label="Directory">
      {shortCrumbsOf(path).map((crumb) => (
        <button key={crumb.path} type="button" title={crumb.path} aria-label={crumb.name === '…' ? crumb.path : undefined} aria-current={crumb.path === path ? 'true' : undefined} onClick={() => onGo(crumb.path)}>
          {crumb.name}
        </button>
      ))}
    </nav>
  );
}

function Head({ tabId, listing, busy, onAsk, onFiles }: { tabId: string; listing: RemoteListing | undefined; busy: boolean; onAsk: (question: Question) => void; onFiles: (files: readonly File[]) => void }) {
  const tool = (label: string, icon: ReactNode, onClick: () => void) => (
    <Tooltip label={label}>
      <ActionIcon size={28} variant="subtle" color="gray" aria-label={label} disabled={listing === undefined} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
  const path = listing?.path ?? '/';
  const again = useRef<() => void>(null);
  return (
    <div className={classes.filesHead}>
      <h2 className={classes.filesTitle}>Files</h2>
      {busy && <Loader size={14} role="status" aria-label="Working" />}
      {tool('Directory above', <IconArrowUp size={16} />, () => show(tabId, parentOf(path)))}
      {tool('Look again', <IconRefresh size={16} />, () => show(tabId, path))}
      {tool('New directory', <IconFolderPlus size={16} />, () => onAsk({ kind: 'new' }))}
      <FileButton
        multiple
        resetRef={again}
        onChange={(files) => {
          // The same file may be chosen again, after a cancelled upload say.
          again.current?.();
          onFiles(files);
        }}
      >
        {(props) => (
          <Button {...props} size="compact-sm" leftSection={<IconUpload size={15} />} disabled={listing === undefined}>
            Upload
          </Button>
        )}
      </FileButton>
      {listing !== undefined && <Crumbs path={path} onGo={(to) => show(tabId, to)} />}
    </div>
  );
}

/** @param byKey it takes the focus, which Escape gives back */
export function FilesPanel({ tabId, connected, byKey, onLeave }: { tabId: string; connected: boolean; byKey: boolean; onLeave: () => void }) {
  const { listing, busy, problem } = filesOf(useStore(filesStore), tabId);
  const [question, setQuestion] = useState<Question>();
  const [dragging, setDragging] = useState(false);
  const unseen = listing === undefined;
  useEffect(() => {
    if (connected && unseen) show(tabId, '');
  }, [tabId, connected, unseen]);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    if (!byKey) return;
    list.current?.focus();
    updateTab(tabId, (t) => ({ ...t, filesByKey: false }));
  }, [tabId, byKey]);
  const onKeyDown = (event: KeyboardEvent) => {
    // Not from dialogs and menus, which are elsewhere on the page.
    if (event.key === 'Escape' && event.target instanceof Node && event.currentTarget.contains(event.target)) onLeave();
  };
  const send = (files: readonly File[]) => {
    if (listing === undefined || files.length === 0) return;
    const names = new Set(listing.entries.map((e) => e.name));
    const existing = files.map((f) => f.name).filter((name) => names.has(name));
    if (existing.length > 0) setQuestion({ kind: 'overwrite', files, existing });
    else void uploadAll(tabId, listing.path, files, false);
  };
  const onDrag = (event: DragEvent, over: boolean) => {
    event.preventDefault();
    setDragging(over);
  };
  return (
    <section
      className={classes.files}
      aria-label="Files"
      onKeyDown={onKeyDown}
      onDragOver={(e) => onDrag(e, true)}
      onDragLeave={(e) => onDrag(e, false)}
      onDrop={(e) => {
        onDrag(e, false);
        send([...e.dataTransfer.files]);
      }}
    >
      <Head tabId={tabId} listing={listing} busy={busy} onAsk={setQuestion} onFiles={send} />
      {problem !== undefined && <ProblemNote problem={problem} onDismiss={() => dismissProblem(tabId)} />}
      {listing === undefined && problem === undefined && <p className={classes.quiet}>{connected ? 'Loading…' : 'The session has ended.'}</p>}
      <ul ref={list} className={classes.fileList} tabIndex={0} aria-label={listing === undefined ? 'Files' : `Files in ${listing.path}`}>
        {listing?.entries.map((entry) => (
          <Row
            key={entry.name}
            entry={entry}
            onOpen={() => (entry.kind === 'directory' ? show(tabId, pathIn(listing.path, entry.name)) : void download(tabId, pathIn(listing.path, entry.name)))}
            onAsk={(kind) => setQuestion({ kind, entry })}
          />
        ))}
        {listing?.entries.length === 0 && <li className={classes.quiet}>This directory is empty. Drop files here to upload them.</li>}
        {listing?.truncated === true && <li className={classes.quiet}>There are more entries than are shown.</li>}
      </ul>
      <TransferList tabId={tabId} />
      {dragging && <div className={classes.drop}>Drop to upload to {listing?.path ?? 'the host'}</div>}
      {question !== undefined && listing !== undefined && <QuestionDialog tabId={tabId} directory={listing.path} question={question} onClose={() => setQuestion(undefined)} />}
    </section>
  );
}

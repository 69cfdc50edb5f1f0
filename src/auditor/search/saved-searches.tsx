/** Searches that people come back to, their own and those that colleagues share. */
import { ActionIcon, Button, Checkbox, Group, Menu, Modal, Stack, TextInput } from '@mantine/core';
import { IconBookmark, IconTrash, IconUsers } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import { emptyReply } from '../../contract/store/common.ts';
import { savedSearch, type SavedSearch, savedSearchList, type SearchFilters } from '../../contract/store/search.ts';
import { ask } from '../api/http.ts';
import { useLoad } from '../api/use-load.ts';
import { attempt, tell } from '../notify.ts';
import { goTo } from '../place.ts';
import classes from './search.module.css';

const list = (signal: AbortSignal) => ask(savedSearchList, '/v1/saved-searches', { signal });

function SaveDialog({ filters, opened, onClose, onSaved }: { filters: SearchFilters; opened: boolean; onClose: () => void; onSaved: () => void }) {
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const save = (): void =>
    attempt('The search was not saved', async () => {
      await ask(savedSearch, '/v1/saved-searches', { method: 'POST', body: { name: name.trim(), filters, shared } });
      onSaved();
      onClose();
      setName('');
      tell('Search saved');
    });
  return (
    <Modal opened={opened} onClose={onClose} title="Save this search" size="sm">
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (name.trim() !== '') save();
        }}
      >
        <Stack gap="sm">
          <TextInput label="Name" data-autofocus maxLength={100} value={name} onChange={(e) => setName(e.currentTarget.value)} />
          <Checkbox label="Others may see and run it" description="Each with their own rights." checked={shared} onChange={(e) => setShared(e.currentTarget.checked)} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" disabled={name.trim() === ''}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Entry({ search, onRemoved }: { search: SavedSearch; onRemoved: () => void }) {
  const remove = (): void =>
    attempt('The search was not removed', async () => {
      await ask(emptyReply, `/v1/saved-searches/${search.id}`, { method: 'DELETE' });
      onRemoved();
    });
  return (
    <div className={classes.savedEntry}>
      <Menu.Item leftSection={search.mine ? <IconBookmark size={14} aria-hidden /> : <IconUsers size={14} aria-hidden />} onClick={() => goTo({ page: 'search', filters: search.filters })}>
        {search.name}
        {!search.mine && <small> · {search.owner.name}</small>}
      </Menu.Item>
      {search.mine && (
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`Remove the saved search ${search.name}`} onClick={remove}>
          <IconTrash size={14} />
        </ActionIcon>
      )}
    </div>
  );
}

export function SavedSearches({ filters }: { filters: SearchFilters }) {
  const load = useCallback((signal: AbortSignal) => list(signal), []);
  const { value, reload } = useLoad(load);
  const [saving, setSaving] = useState(false);
  const searches = value?.searches ?? [];
  return (
    <>
      <Menu position="bottom-end" width={280}>
        <Menu.Target>
          <Button variant="default" leftSection={<IconBookmark size={16} aria-hidden />}>
            Saved
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {searches.length === 0 && <Menu.Label>No saved searches yet</Menu.Label>}
          {searches.map((s) => (
            <Entry key={s.id} search={s} onRemoved={reload} />
          ))}
          <Menu.Divider />
          <Menu.Item disabled={Object.keys(filters).length === 0} onClick={() => setSaving(true)}>
            Save this search…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <SaveDialog filters={filters} opened={saving} onClose={() => setSaving(false)} onSaved={reload} />
    </>
  );
}

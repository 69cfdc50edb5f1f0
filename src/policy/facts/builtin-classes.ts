/**
 * What PostgreSQL's own functions (and those of common extensions) may do beside computing a value. A name that is
 * in none of these sets either computes from its arguments or is judged by src/policy/lineage/functions.ts.
 */
const set = (words: string): ReadonlySet<string> => new Set(words.trim().split(/\s+/));

/** Act on the server or on other sessions. */
export const ADMIN_FUNCTIONS = set(`
  pg_terminate_backend pg_cancel_backend pg_reload_conf pg_rotate_logfile pg_rotate_logfile_old pg_promote pg_switch_wal pg_switch_xlog
  pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup pg_create_restore_point pg_wal_replay_pause pg_wal_replay_resume
  pg_create_logical_replication_slot pg_create_physical_replication_slot pg_copy_logical_replication_slot
  pg_copy_physical_replication_slot pg_drop_replication_slot pg_replication_slot_advance pg_sync_replication_slots
  pg_replication_origin_advance pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_session_reset
  pg_replication_origin_session_setup pg_replication_origin_xact_reset pg_replication_origin_xact_setup
  pg_stat_reset pg_stat_reset_shared pg_stat_reset_single_function_counters pg_stat_reset_single_table_counters
  pg_stat_reset_slru pg_stat_reset_subscription_stats pg_stat_reset_replication_slot pg_stat_reset_backend_stats
  pg_stat_statements_reset pg_log_backend_memory_contexts pg_log_standby_snapshot pg_import_system_collations pg_nextoid
  pg_stop_making_pinned_objects pg_extension_config_dump pg_clear_relation_stats pg_clear_attribute_stats
  pg_restore_relation_stats pg_restore_attribute_stats binary_upgrade_create_empty_extension binary_upgrade_set_missing_value
  binary_upgrade_set_next_array_pg_type_oid binary_upgrade_set_next_heap_pg_class_oid binary_upgrade_set_next_heap_relfilenode
  binary_upgrade_set_next_index_pg_class_oid binary_upgrade_set_next_index_relfilenode
  binary_upgrade_set_next_multirange_array_pg_type_oid binary_upgrade_set_next_multirange_pg_type_oid
  binary_upgrade_set_next_pg_authid_oid binary_upgrade_set_next_pg_enum_oid binary_upgrade_set_next_pg_tablespace_oid
  binary_upgrade_set_next_pg_type_oid binary_upgrade_set_next_toast_pg_class_oid binary_upgrade_set_next_toast_relfilenode
  binary_upgrade_set_record_init_privs binary_upgrade_add_sub_rel_state binary_upgrade_replorigin_advance
  binary_upgrade_logical_slot_has_caught_up pg_prewarm autoprewarm_start_worker autoprewarm_dump_now pg_surgery heap_force_kill
  heap_force_freeze pg_truncate_visibility_map pg_buffercache_evict pg_buffercache_evict_all pg_buffercache_evict_relation
`);

/** Read, list or write files of the server's machine. */
export const FILE_FUNCTIONS = set(`
  pg_read_file pg_read_file_old pg_read_binary_file pg_ls_dir pg_ls_logdir pg_ls_waldir pg_ls_tmpdir pg_ls_archive_statusdir
  pg_ls_logicalmapdir pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir pg_stat_file pg_file_read pg_file_write
  pg_file_rename pg_file_unlink pg_file_sync pg_file_length pg_logdir_ls lo_import lo_export
`);

/** Run SQL or read data that the statement does not spell out as a tree. */
export const OPAQUE_FUNCTIONS = set(`
  query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema table_to_xml table_to_xmlschema
  table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema database_to_xml database_to_xmlschema
  database_to_xml_and_xmlschema ts_stat crosstab crosstab2 crosstab3 crosstab4 crosstabn crosstab_hash connectby xpath_table
  dblink dblink_exec dblink_open dblink_fetch dblink_close dblink_send_query dblink_get_result dblink_connect dblink_connect_u
  dblink_disconnect dblink_build_sql_insert dblink_build_sql_update dblink_build_sql_delete dblink_cancel_query dblink_get_notify
  pg_background_launch pg_logical_slot_get_changes pg_logical_slot_peek_changes pg_logical_slot_get_binary_changes
  pg_logical_slot_peek_binary_changes get_raw_page heap_page_items heap_page_item_attrs tuple_data_split bt_page_items
  bt_page_items gist_page_items brin_page_items page_header bt_multi_page_stats pgp_pub_decrypt_bytea_file
  http http_get http_post http_put http_patch http_delete http_head pg_event_trigger_ddl_commands lo_get loread pg_walinspect pg_get_wal_record_info pg_get_wal_records_info
  pg_get_wal_block_info postgres_fdw_get_connections plpgsql_inline_handler plperl_inline_handler plpython3_inline_handler
`);

/** Schemas of extensions whose functions run SQL later or elsewhere, or send data away: pg_cron, pglogical, pg_net, aws_s3, orafce. */
export const OPAQUE_SCHEMAS = set('cron pglogical net aws_s3 aws_lambda dbms_sql dbms_pipe dbms_alert utl_file');

/** Leave something behind, in the session or in the database, though they look like a read. */
export const SIDE_EFFECT_FUNCTIONS = set(`
  nextval setval setseed set_config pg_notify lo_creat lo_create lo_from_bytea lo_open lo_close lo_put lo_unlink lo_truncate
  lo_truncate64 lo_lseek lo_lseek64 lo_get loread lowrite lo_import lo_export lo_manage pg_advisory_lock pg_advisory_lock_shared
  pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared
  pg_try_advisory_lock pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared
  pg_logical_emit_message pg_export_snapshot pg_current_xact_id txid_current pg_sleep pg_sleep_for pg_sleep_until
  gin_clean_pending_list brin_desummarize_range brin_summarize_new_values brin_summarize_range pg_stat_force_next_flush
  pg_stat_clear_snapshot cursor_to_xml dblink_exec
`);

export const LOCK_FUNCTIONS = set(`
  pg_advisory_lock pg_advisory_lock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock
  pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared
`);

/** Side effects that only matter when a hidden value could be put into them: waiting, an own transaction id. */
export const QUIET_EFFECTS = set('pg_sleep pg_sleep_for pg_sleep_until pg_current_xact_id txid_current pg_stat_clear_snapshot pg_stat_force_next_flush');

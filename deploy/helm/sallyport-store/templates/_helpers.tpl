{{- define "store.name" -}}
{{- printf "%s-%s" .Release.Name "sallyport-store" | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "store.selector" -}}
app.kubernetes.io/name: sallyport-store
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "store.labels" -}}
{{ include "store.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* store.yaml: what the chart knows, over what the values add. */ -}}
{{- define "store.config" -}}
{{- if not .Values.config.issuers }}{{ if not .Values.config.saml }}{{ fail "config.issuers: name at least one sign-in provider" }}{{ end }}{{ end }}
{{- if and (not .Values.tls.secret) (not .Values.trustedProxies) }}{{ fail "give tls.secret, or trustedProxies with the addresses of the proxies where TLS ends" }}{{ end }}
{{- if and .Values.tls.secret .Values.trustedProxies }}{{ fail "TLS ends in the pods (tls.secret) or at proxies (trustedProxies), not at both" }}{{ end }}
{{- $host := required "host: the host name of the store" .Values.host -}}
{{- $listen := dict "host" "0.0.0.0" "port" 8080 -}}
{{- if .Values.tls.secret }}{{ $_ := set $listen "tls" (dict "cert_file" "/etc/sallyport/tls/tls.crt" "key_file" "/etc/sallyport/tls/tls.key") }}
{{- else }}{{ $_ := set $listen "behind_proxy" (dict "trusted" .Values.trustedProxies) }}{{ end }}
{{- $s3 := dict "region" .Values.objects.region "bucket" (required "objects.bucket" .Values.objects.bucket) "prefix" .Values.objects.prefix "path_style" .Values.objects.pathStyle -}}
{{- with .Values.objects.endpoint }}{{ $_ := set $s3 "endpoint" . }}{{ end }}
{{- with .Values.objects.lock }}{{ $_ := set $s3 "lock" . }}{{ end }}
{{- if .Values.objects.credentialsSecret }}
{{- $_ := set $s3 "access_key_id" (dict "env" "S3_ACCESS_KEY_ID") }}
{{- $_ := set $s3 "secret_access_key" (dict "env" "S3_SECRET_ACCESS_KEY") }}
{{- end }}
{{- $own := dict "data_dir" "/data" "listen" $listen "origin" $host "public_url" (printf "https://%s" $host) "database" (dict "url_env" "DATABASE_URL" "connections" (int .Values.database.connections)) "objects" (dict "s3" $s3) "keys_dir" "/etc/sallyport/keys" -}}
{{ toYaml (merge $own .Values.config) }}
{{- end -}}

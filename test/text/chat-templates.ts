/** Chat templates as models have them in kind, written for these tests. */

/** One block a turn, a default for the system turn, and an open block for the answer. */
export const blockTemplate = `{% for message in messages %}
    {% if loop.first and message.role != 'system' %}
{{ '<|im_start|>system\\nBe brief.<|im_end|>\\n' }}{% endif %}
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}
{% if add_generation_prompt %}
{{ '<|im_start|>assistant\\n' }}{% endif %}
`;

/** Headers, bos in front of the first turn, trimmed contents, a date, and tools written as JSON. */
export const headerTemplate = `{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = strftime_now("%d %b %Y") %}
{%- endif %}
{#- The system turn is taken out, so that it can come first. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today: " + date_string + "\\n\\n" }}
{%- if tools is not none %}
    {{- "You can call:\\n" }}
    {%- for tool in tools %}
        {{- tool | tojson(indent=2) }}
        {{- "\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message + "<|eot_id|>" }}
{%- for message in messages %}
    {%- if message.tool_calls is defined %}
        {{- "<|start_header_id|>assistant<|end_header_id|>\\n\\n" }}
        {{- message.tool_calls[0].function | tojson }}
        {{- "<|eot_id|>" }}
    {%- else %}
        {{- "<|start_header_id|>" + message.role + "<|end_header_id|>\\n\\n" + message.content | trim + "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- "<|start_header_id|>assistant<|end_header_id|>\\n\\n" }}
{%- endif %}
`;

/** Instructions in brackets, strict turns, the system message in the last instruction, eos after each answer. */
export const instructionTemplate = `{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set turns = messages[1:] %}
{%- else %}
    {%- set turns = messages %}
{%- endif %}
{%- set ns = namespace(count=0) %}
{%- for message in turns %}
    {%- if (message.role == "user") != (ns.count % 2 == 0) %}
        {{- raise_exception("user and assistant must take turns, but turn " ~ loop.index ~ " is " ~ message.role) }}
    {%- endif %}
    {%- set ns.count = ns.count + 1 %}
{%- endfor %}
{{- bos_token }}
{%- for message in turns %}
    {%- if message.role == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message.content + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message.content + "[/INST]" }}
        {%- endif %}
    {%- elif message.role == "assistant" %}
        {{- " " + message.content + eos_token }}
    {%- else %}
        {{- raise_exception("no such role: " + message.role) }}
    {%- endif %}
{%- endfor %}
`;

/** Thoughts are cut from earlier answers, by newlines only; contents may be lists of parts; an extra variable. */
export const thinkingTemplate = `{%- macro text_of(content) -%}
    {%- if content is string -%}
        {{- content -}}
    {%- else -%}
        {%- for part in content if part.type == 'text' -%}
            {{- part.text -}}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}
{%- for message in messages -%}
    {%- set content = text_of(message.content) -%}
    {%- if message.role == 'assistant' and '</think>' in content -%}
        {%- set content = content.split('</think>')[-1].lstrip('\\n').rstrip('\\n') -%}
    {%- endif -%}
    {{- message.role.upper() ~ ': ' ~ content ~ '\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- 'ASSISTANT: ' -}}
    {%- if enable_thinking is defined and enable_thinking is false -%}
        {{- '<think>\\n\\n</think>\\n' -}}
    {%- endif -%}
{%- endif -%}
`;
